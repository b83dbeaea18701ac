import { type Clock, type Logger, type Random, type Tokenizer, WarmpathError } from "@warmpath/contracts";
import type { EndpointSpec } from "@warmpath/fleet";
import { POLICIES, type PolicyName } from "@warmpath/scorers";
import { systemClock } from "./clock";
import { silentLogger } from "./silent-logger";

/** How endpoints are chosen. `cost` predicts milliseconds and takes the cheapest; the others are for comparison. */
export type RoutingPolicy = PolicyName;

/** The routing policies, default first. */
export const ROUTING_POLICIES = Object.keys(POLICIES) as readonly RoutingPolicy[];

/** What a gateway can be told; every field has a default that works. Times in milliseconds, sizes in bytes. */
export interface GatewayOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Port to listen on; 0 takes a free one. Default 8000. */
  readonly port?: number;
  /** Engines to route to. Default none. */
  readonly endpoints?: readonly EndpointSpec[];
  /** A YAML or JSON list of engines, followed as it changes. Default none. */
  readonly endpointsFile?: string;
  /**
   * Where token ids come from. `auto`: `render` when an endpoint publishes KV events, else `estimate`. `render`: the
   * engines' own render endpoints, with `estimate` behind them. `estimate`: from the length of the text, no files needed.
   * `simulated`: as simulated engines count. Any other string: a directory, a `tokenizer.json`, or a hub name.
   * Default `auto`.
   */
  readonly tokenizer?: string | Tokenizer;
  /** Default `cost`. */
  readonly policy?: RoutingPolicy;
  /** Longest request body. Default 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Longest request head. Default 32 KiB. */
  readonly maxHeadBytes?: number;
  /** Memory of the index of cached blocks. Default 256 MiB. */
  readonly indexMaxBytes?: number;
  /** Tokens of one index block; a power of two that divides the engines' block size is best. Default 16. */
  readonly blockSizeTokens?: number;
  /** Time between two readings of an engine's metrics. Default 200. */
  readonly scrapeIntervalMs?: number;
  /** Longest wait for a connection to an engine. Default 2000. */
  readonly connectTimeoutMs?: number;
  /** Longest wait for the tokenizer; then the request is routed by an estimate. Default 1000. */
  readonly tokenizeTimeoutMs?: number;
  /** Sent with the gateway's own probes of engines, for example `authorization`. Default none. */
  readonly engineHeaders?: Readonly<Record<string, string>>;
  /** How long `close` waits for answers under way. Default 10000. */
  readonly drainTimeoutMs?: number;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: `Math.random`. */
  readonly random?: Random;
}

/** `GatewayOptions` with every default filled in. */
export type ResolvedGatewayOptions = Required<Omit<GatewayOptions, "endpointsFile">> & {
  readonly endpointsFile: string | undefined;
};

const DEFAULTS = {
  host: "127.0.0.1",
  port: 8000,
  endpoints: [],
  tokenizer: "auto",
  policy: "cost",
  maxBodyBytes: 64 * 1024 * 1024,
  maxHeadBytes: 32 * 1024,
  indexMaxBytes: 256 * 1024 * 1024,
  blockSizeTokens: 16,
  scrapeIntervalMs: 200,
  connectTimeoutMs: 2000,
  tokenizeTimeoutMs: 1000,
  engineHeaders: {},
  drainTimeoutMs: 10_000,
  logger: silentLogger,
  clock: systemClock,
  random: { next: () => Math.random() },
} satisfies GatewayOptions;

/** Default of each option that the command line and the configuration file can set. */
export const GATEWAY_DEFAULTS: Readonly<typeof DEFAULTS> = DEFAULTS;

/** Fills in defaults and checks ranges. Throws `invalid_configuration` naming the option. */
export function resolveGatewayOptions(options: GatewayOptions): ResolvedGatewayOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const resolved: ResolvedGatewayOptions = { endpointsFile: undefined, ...DEFAULTS, ...given };
  requireInteger("port", resolved.port, 0, 65_535);
  requireInteger("maxBodyBytes", resolved.maxBodyBytes, 1, Number.MAX_SAFE_INTEGER);
  requireInteger("maxHeadBytes", resolved.maxHeadBytes, 256, 1 << 20);
  requireInteger("indexMaxBytes", resolved.indexMaxBytes, 1 << 20, Number.MAX_SAFE_INTEGER);
  requireInteger("blockSizeTokens", resolved.blockSizeTokens, 1, 65_536);
  requireInteger("scrapeIntervalMs", resolved.scrapeIntervalMs, 1, 3_600_000);
  requireInteger("connectTimeoutMs", resolved.connectTimeoutMs, 1, 3_600_000);
  requireInteger("tokenizeTimeoutMs", resolved.tokenizeTimeoutMs, 1, 3_600_000);
  requireInteger("drainTimeoutMs", resolved.drainTimeoutMs, 0, 3_600_000);
  if (!ROUTING_POLICIES.includes(resolved.policy)) {
    throw new WarmpathError(
      "invalid_configuration",
      `policy must be one of ${ROUTING_POLICIES.join(", ")}, not ${String(resolved.policy)}.`,
    );
  }
  return resolved;
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new WarmpathError(
    "invalid_configuration",
    `${name} must be a whole number from ${least} to ${most}, not ${value}.`,
  );
}
