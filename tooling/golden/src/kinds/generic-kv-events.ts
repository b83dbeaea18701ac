import { createRequire } from "node:module";
import { isDeepStrictEqual } from "node:util";
import type { KvEvent, KvEventBatch } from "@warmpath/contracts";

interface Msgpack {
  decode(bytes: Uint8Array, options: { readonly useBigInt64: boolean }): unknown;
}

/** The generic decoder that the production code is compared with; it comes with the package that it checks. */
const require = createRequire(createRequire(import.meta.url).resolve("@warmpath/kv-events/package.json"));
const msgpack = require("@msgpack/msgpack") as Msgpack;

const STORED = [
  "block_hashes",
  "parent_block_hash",
  "token_ids",
  "block_size",
  "lora_id",
  "medium",
  "lora_name",
  "extra_keys",
  "group_idx",
  "kv_cache_spec_kind",
  "kv_cache_spec_sliding_window",
  "locality",
];
const REMOVED = ["block_hashes", "medium", "group_idx", "locality"];

/** One event as an independent reading of the bytes gives it: 64-bit hashes as decimal text, absent fields as null. */
export type PlainEvent = Readonly<Record<string, unknown>>;

/** A batch read independently of the production decoder. */
export interface PlainBatch {
  readonly timestampSeconds: number;
  readonly rank: number | null;
  readonly events: readonly PlainEvent[];
  /** Whether an event has the map form. */
  readonly maps: boolean;
  /** Events that no reading makes sense of. */
  readonly malformed: number;
  /** Hashes as whole digests, by event; undefined where they are integers. */
  readonly digests: readonly (RawDigests | undefined)[];
  /** Names of fields that no known engine version has. */
  readonly unknownFields: readonly string[];
}

export interface RawDigests {
  readonly blocks: readonly Uint8Array[];
  readonly parent: Uint8Array | undefined;
}

/** Reads a payload with `@msgpack/msgpack`; undefined where it is not msgpack or not a batch. */
export function readPlainBatch(payload: Uint8Array): PlainBatch | undefined {
  let value: unknown;
  try {
    value = msgpack.decode(payload, { useBigInt64: true });
  } catch {
    return undefined;
  }
  const [ts, events, rank] = Array.isArray(value)
    ? value
    : Object.values(pick(value, ["ts", "events", "data_parallel_rank"]));
  const list = events instanceof Uint8Array ? msgpack.decode(events, { useBigInt64: true }) : events;
  if (!Array.isArray(list)) return undefined;
  const raw = list.map(fieldsOf);
  const good = raw.filter((fields) => fields !== undefined);
  return {
    timestampSeconds: Number(ts),
    rank: rank === undefined || rank === null ? null : Number(rank),
    events: good.map(plainEvent),
    maps: list.every((event) => !Array.isArray(event)),
    malformed: raw.length - good.length,
    digests: good.map(digestsOf),
    unknownFields: good.flatMap((fields) =>
      Object.keys(fields).filter((name) => name !== "type" && !STORED.includes(name)),
    ),
  };
}

/** A decoded batch in the form of `PlainBatch.events`. */
export function plainEvents(batch: KvEventBatch): PlainEvent[] {
  return batch.events.map(plain);
}

function plain(event: KvEvent): PlainEvent {
  if (event.kind === "cleared") return { type: "AllBlocksCleared" };
  const hashes = decimals(event.blockHashes);
  if (event.kind === "removed") {
    return { type: "BlockRemoved", hashes, medium: event.medium ?? null, group: event.groupIndex ?? null };
  }
  const { parentHash } = event;
  return {
    type: "BlockStored",
    hashes,
    parent: parentHash ? decimals(Uint32Array.of(parentHash.lo, parentHash.hi))[0] : null,
    tokens: Array.from(event.tokenIds),
    blockSize: event.blockSizeTokens,
    loraId: event.loraId ?? null,
    medium: event.medium ?? null,
    loraName: event.loraName ?? null,
    extraKeys: event.extraKeys ?? null,
    group: event.groupIndex ?? null,
    specKind: event.specKind ?? null,
    window: event.slidingWindow ?? null,
    locality: event.locality ?? null,
  };
}

function decimals(words: Uint32Array): string[] {
  return Array.from({ length: words.length / 2 }, (_, i) =>
    String((BigInt(words[2 * i + 1]!) << 32n) | BigInt(words[2 * i]!)),
  );
}

type Fields = Readonly<Record<string, unknown>>;

/** An event's fields by name, from any of its forms; undefined where it is no known event. */
function fieldsOf(event: unknown): Fields | undefined {
  if (event instanceof Uint8Array) return fieldsOf(msgpack.decode(event, { useBigInt64: true }));
  const fields = Array.isArray(event) ? fromArray(event) : { ...(event as object) };
  const type = (fields as Fields).type;
  if (type === "AllBlocksCleared") return { type };
  const known = type === "BlockStored" || type === "BlockRemoved";
  return known && Array.isArray((fields as Fields).block_hashes) ? (fields as Fields) : undefined;
}

function fromArray(event: readonly unknown[]): Fields {
  const names = event[0] === "BlockRemoved" ? REMOVED : STORED;
  return { type: event[0], ...Object.fromEntries(names.map((name, i) => [name, event[i + 1] ?? null])) };
}

function plainEvent(fields: Fields): PlainEvent {
  if (fields.type === "AllBlocksCleared") return { type: fields.type };
  const hashes = (fields.block_hashes as unknown[]).map(hashText);
  const medium = fields.medium ?? null;
  const group = number(fields.group_idx);
  if (fields.type === "BlockRemoved") return { type: fields.type, hashes, medium, group };
  const parent = fields.parent_block_hash ?? null;
  return {
    type: fields.type,
    hashes,
    parent: parent === null ? null : hashText(parent),
    tokens: ((fields.token_ids ?? []) as unknown[]).map(Number),
    blockSize: Number(fields.block_size ?? 0),
    loraId: number(fields.lora_id),
    medium,
    loraName: fields.lora_name ?? null,
    extraKeys: fields.extra_keys ?? null,
    group,
    specKind: fields.kv_cache_spec_kind ?? null,
    window: number(fields.kv_cache_spec_sliding_window),
    locality: fields.locality ?? null,
  };
}

function number(value: unknown): number | null {
  return value === undefined || value === null ? null : Number(value);
}

/** Integers in two's complement; digests by their last 8 bytes, big-endian. */
function hashText(value: unknown): string {
  if (!(value instanceof Uint8Array)) return String(BigInt.asUintN(64, BigInt(value as bigint)));
  return String(value.slice(-8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n));
}

function digestsOf(fields: Fields): RawDigests | undefined {
  const hashes = (fields.block_hashes ?? []) as unknown[];
  if (hashes.length === 0 || !hashes.every((hash) => hash instanceof Uint8Array)) return undefined;
  const parent = fields.parent_block_hash;
  return { blocks: hashes as Uint8Array[], parent: parent instanceof Uint8Array ? parent : undefined };
}

function pick(value: unknown, names: readonly string[]): Fields {
  const source = typeof value === "object" && value !== null ? (value as Fields) : {};
  return Object.fromEntries(names.map((name) => [name, source[name]]));
}

/** Throws with both values in full. */
export function expectEqual(what: string, expected: unknown, actual: unknown, input: string): void {
  if (isDeepStrictEqual(expected, actual)) return;
  throw new Error(
    `${what} differ\ninput    ${input}\nexpected ${JSON.stringify(expected)}\ngot      ${JSON.stringify(actual)}`,
  );
}
