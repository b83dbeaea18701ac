import type { EngineHashes } from "@warmpath/contracts";
import type { ReplicaRequest } from "../core/replica-types";

/** A request of a virtual fleet: its prompt is known by the ids of its blocks. */
export interface VirtualRequest extends ReplicaRequest {
  /**
   * One id per block of the prompt; equal ids stand for equal prefixes, not only for equal blocks (as in Mooncake's
   * `hash_ids`). Whole numbers below 2^40. The id of a partial last block is ignored.
   */
  readonly blockIds: ArrayLike<number>;
  /** The prompt's tokens, for events; where absent, events carry {@link syntheticBlockTokens} of the block ids. */
  readonly tokenIds?: Uint32Array | undefined;
}

/** Ids from here on are given to blocks that contain output, each used once. */
export const FIRST_OUTPUT_BLOCK_ID = 2 ** 40;

/**
 * The 64-bit engine hash that a virtual fleet publishes for block `id`: id + 1, because readers of events take a parent
 * of 0 for none.
 */
export function blockIdHash(id: number): { readonly lo: number; readonly hi: number } {
  return { lo: (id + 1) >>> 0, hi: Math.floor((id + 1) / 2 ** 32) };
}

/** Writes {@link blockIdHash} of `id` at index `at` of `into`. */
export function writeBlockIdHash(id: number, into: EngineHashes, at: number): void {
  into[2 * at] = (id + 1) >>> 0;
  into[2 * at + 1] = Math.floor((id + 1) / 2 ** 32);
}

/** Tokens that stand for block `id`: the same for equal ids, different for others; each below 2^31. */
export function syntheticBlockTokens(id: number, blockSizeTokens: number): Uint32Array {
  const tokens = new Uint32Array(blockSizeTokens);
  fillSyntheticTokens(id, tokens, 0, blockSizeTokens);
  return tokens;
}

/** Writes the first `count` of the tokens that stand for block `id`. */
export function fillSyntheticTokens(id: number, into: Uint32Array, from: number, count: number): void {
  const low = id % 2 ** 20;
  const high = Math.floor(id / 2 ** 20);
  // Every second token carries one half of the id, so that two tokens tell any two blocks apart.
  for (let i = 0; i < count; i++) into[from + i] = (i & 1) === 0 ? low : high % 2 ** 31;
}
