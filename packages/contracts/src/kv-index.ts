import type { BlockKeys } from "./block-keys";

/** Answer of one look-up; reused from call to call. Row i describes the endpoint in slot `slots[i]`. */
export interface PrefixMatches {
  /** Valid rows. */
  count: number;
  slots: Uint32Array;
  /** Blocks that the endpoint holds without a gap from the prompt's start, in any tier. */
  blocks: Uint32Array;
  /** Of those, the blocks by fastest tier: row i at `i * TIER_COUNT`. */
  tierBlocks: Uint32Array;
}

/** How full an index is, and what it had to give up. */
export interface KvIndexStats {
  /** Distinct block keys held. */
  readonly blocks: number;
  /** (block, endpoint, tier) entries. */
  readonly holders: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Entries given up to stay within the budget. */
  readonly evictedBlocks: number;
  /** Store events that wait for an unknown parent. */
  readonly orphans: number;
}

/** Which endpoint holds which block in which tier. */
export interface KvIndex {
  readonly contractVersion: 1;
  /** Tokens that one key stands for. */
  readonly blockSizeTokens: number;
  /** Fills `into` with one row for every endpoint that holds the first block. Allocates nothing once `into` is large enough. */
  lookup(keys: BlockKeys, into: PrefixMatches): void;
  /** Assumes that `slot` will soon hold the first `count` blocks, until `ttlMs` has passed or events say so. */
  book(slot: number, keys: BlockKeys, count: number, ttlMs: number): void;
  /** Forgets all that an endpoint held. */
  removeEndpoint(slot: number): void;
  /** Tokens per block of the endpoint's own cache, as its events say; undefined before the first. */
  engineBlockSizeTokens(slot: number): number | undefined;
  stats(): KvIndexStats;
}
