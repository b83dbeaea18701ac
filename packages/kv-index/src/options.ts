import { type BlockHasher, type Clock, type Logger, type Metrics, WarmpathError } from "@warmpath/contracts";

/** How announcements of blocks that are there already are taken; see the README. */
export type Reannouncements = "infer" | "copies" | "reports";

/** Options of `createKvIndex`. */
export interface KvIndexOptions {
  /** Computes our keys from events' tokens; the same as the one that computes prompts' keys. */
  readonly hasher: BlockHasher;
  /** Where time comes from. */
  readonly clock: Clock;
  /** Bytes that the index may use, orphans included. At least 1 MiB. Default 512 MiB. */
  readonly maxBytes?: number;
  /** Tokens that one key stands for. Default 16. */
  readonly blockSizeTokens?: number;
  /** Endpoint slots are below this number; at most 65,535. Default 4096. */
  readonly maxEndpoints?: number;
  /** Keys for which the tables are made at once, so that they need not grow. Default 65,536. */
  readonly expectedBlocks?: number;
  /** How long a store event waits for its parent. Default 30,000 ms. */
  readonly orphanTtlMs?: number;
  /** Store events that may wait. Default 4096. */
  readonly maxOrphans?: number;
  /** Default `infer`. */
  readonly reannouncements?: Reannouncements;
  /** Four 32-bit words that place keys in the tables; results do not depend on it. Default: random. */
  readonly hashSecret?: Uint32Array;
  readonly metrics?: Metrics;
  readonly logger?: Logger;
}

export type ResolvedOptions = Required<Omit<KvIndexOptions, "hashSecret" | "metrics" | "logger">> &
  Pick<KvIndexOptions, "hashSecret" | "metrics" | "logger">;

const KEYS: ReadonlySet<string> = new Set([
  "hasher",
  "clock",
  "maxBytes",
  "blockSizeTokens",
  "maxEndpoints",
  "expectedBlocks",
  "orphanTtlMs",
  "maxOrphans",
  "reannouncements",
  "hashSecret",
  "metrics",
  "logger",
]);

/** Fills in defaults and checks ranges. */
export function resolveKvIndexOptions(options: KvIndexOptions): ResolvedOptions {
  for (const key of Object.keys(options)) if (!KEYS.has(key)) throw wrong(key, "is not an option");
  const resolved = {
    maxBytes: 512 * 2 ** 20,
    blockSizeTokens: 16,
    maxEndpoints: 4096,
    expectedBlocks: 65_536,
    orphanTtlMs: 30_000,
    maxOrphans: 4096,
    reannouncements: "infer" as const,
    ...options,
  };
  whole("maxBytes", resolved.maxBytes, 2 ** 20, 16 * 2 ** 30);
  whole("blockSizeTokens", resolved.blockSizeTokens, 1, 65536);
  whole("maxEndpoints", resolved.maxEndpoints, 1, 65535);
  whole("expectedBlocks", resolved.expectedBlocks, 0, 2 ** 31);
  whole("maxOrphans", resolved.maxOrphans, 0, 2 ** 20);
  if (!(resolved.orphanTtlMs >= 0)) throw wrong("orphanTtlMs", "must be at least 0");
  if (!["infer", "copies", "reports"].includes(resolved.reannouncements)) {
    throw wrong("reannouncements", "must be infer, copies or reports");
  }
  return resolved;
}

function whole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw wrong(name, `must be a whole number from ${min} to ${max}, not ${value}`);
  }
}

function wrong(name: string, what: string): WarmpathError {
  return new WarmpathError("invalid_configuration", `createKvIndex: ${name} ${what}`);
}
