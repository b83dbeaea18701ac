import { createNativeHasher } from "@warmpath/block-hashing";
import type {
  BlockHasher,
  BlockKeys,
  BlocksRemoved,
  BlocksStored,
  KvEvent,
  KvEventBatch,
  KvEventSource,
  PrefixMatches,
} from "@warmpath/contracts";
import { ManualClock } from "../../../tooling/testing/clock";
import { createKvIndex, createPrefixMatches, type KvIndexHandle, type KvIndexOptions } from "../src/index";

export const SMALL = 8 * 2 ** 20;

export interface Bench {
  readonly index: KvIndexHandle;
  readonly clock: ManualClock;
  readonly hasher: BlockHasher;
}

/** An index with the native hasher and a clock that stands. */
export function makeIndex(options: Partial<KvIndexOptions> = {}): Bench {
  const clock = new ManualClock(1000);
  const blockSizeTokens = options.blockSizeTokens ?? 16;
  const hasher = options.hasher ?? createNativeHasher({ blockSizeTokens });
  const index = createKvIndex({ clock, hasher, maxBytes: SMALL, maxEndpoints: 64, ...options });
  return { index, clock, hasher };
}

export const sourceOf = (slot: number, rank = 0, model = "m"): KvEventSource => ({ slot, rank, model });

/** Token ids `from`, `from + 1`, … */
export const tokensFrom = (from: number, count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => from + i);

/** Engine hashes by small numbers. */
export const hashes = (...numbers: number[]): Uint32Array => Uint32Array.from(numbers.flatMap((n) => [n, n ^ 0x5a5a]));

export const hashOf = (n: number): { lo: number; hi: number } => ({ lo: n, hi: (n ^ 0x5a5a) >>> 0 });

export interface StoredInput extends Partial<Omit<BlocksStored, "kind" | "blockHashes" | "parentHash">> {
  readonly blocks: readonly number[];
  readonly parent?: number;
  readonly tokens: Uint32Array;
  readonly size?: number;
}

export function stored(input: StoredInput): BlocksStored {
  const { blocks, parent, tokens, size, ...rest } = input;
  return {
    kind: "stored",
    blockHashes: hashes(...blocks),
    parentHash: parent === undefined ? undefined : hashOf(parent),
    tokenIds: tokens,
    blockSizeTokens: size ?? (blocks.length === 0 ? 0 : tokens.length / blocks.length),
    loraId: undefined,
    loraName: undefined,
    medium: "GPU",
    extraKeys: undefined,
    groupIndex: 0,
    specKind: "full_attention",
    slidingWindow: undefined,
    locality: undefined,
    ...rest,
  };
}

export const placeholder = (blocks: readonly number[], medium: string): BlocksStored =>
  stored({ blocks, tokens: new Uint32Array(0), size: 0, medium, specKind: undefined, groupIndex: undefined });

export const removed = (
  blocks: readonly number[],
  medium = "GPU",
  groupIndex: number | undefined = 0,
): BlocksRemoved => ({
  kind: "removed",
  blockHashes: hashes(...blocks),
  medium,
  groupIndex,
});

export const cleared: KvEvent = { kind: "cleared" };

export const batch = (...events: KvEvent[]): KvEventBatch => ({
  timestampSeconds: 0,
  events,
  dataParallelRank: 0,
  malformedEvents: 0,
});

/** Keys of a prompt as a gateway computes them. */
export function keysOf(
  hasher: BlockHasher,
  tokens: Uint32Array,
  blockSizeTokens = 16,
  model = "m",
  extras?: readonly (readonly string[] | undefined)[],
): BlockKeys {
  const into: BlockKeys = { words: new Uint32Array(64), count: 0, blockSizeTokens };
  hasher.append({ tokens, fromToken: 0, toToken: tokens.length, scope: { model }, extras }, into);
  return into;
}

/** Matched blocks by slot, by rising slot. */
export function depths(index: KvIndexHandle, keys: BlockKeys): [slot: number, blocks: number][] {
  const into = createPrefixMatches(1);
  index.lookup(keys, into);
  return rows(into).map((row) => [row.slot, row.blocks]);
}

/** Rows of an answer, by rising slot. */
export function rows(matches: PrefixMatches): { slot: number; blocks: number; tiers: number[] }[] {
  return Array.from({ length: matches.count }, (_, i) => ({
    slot: matches.slots[i]!,
    blocks: matches.blocks[i]!,
    tiers: [...matches.tierBlocks.subarray(3 * i, 3 * i + 3)],
  })).sort((a, b) => a.slot - b.slot);
}

/** Copies by tier name and engine hash number of `hashes`. */
export function copiesOf(index: KvIndexHandle, slot: number, rank = 0): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { lo, tier, copies } of index.engineBlocks(sourceOf(slot, rank))) found[`${tier}:${lo}`] = copies;
  return found;
}
