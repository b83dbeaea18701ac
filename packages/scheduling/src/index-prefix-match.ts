import { type BlockKeys, type KvIndex, type PrefixMatch, type PrefixMatches, TIER_COUNT } from "@warmpath/contracts";

/** Tokens per engine block of the endpoint in a slot. */
export type EngineBlockSize = (slot: number) => number;

/**
 * What each endpoint holds of one prompt, from one look-up. The object and its arrays are used again by `lookup`.
 *
 * An engine reuses whole blocks of its own size, and computes at least the last token: of `matched` tokens it takes
 * `floor(matched / e) * e`, at most `floor((promptTokens - 1) / e) * e`, where `e` is its block size. This is what vLLM
 * reports as `cached_tokens`.
 */
export class IndexPrefixMatch implements PrefixMatch {
  promptTokens = 0;
  readonly #matches: PrefixMatches = {
    count: 0,
    slots: new Uint32Array(16),
    blocks: new Uint32Array(16),
    tierBlocks: new Uint32Array(16 * TIER_COUNT),
  };
  /** Row by slot; 0 = none, so that fresh memory needs no filling. */
  #rowOf = new Uint32Array(16);
  /** Usable tokens by row: in all, then by tier. */
  #tokens = new Uint32Array(16 * (TIER_COUNT + 1));

  lookup(index: KvIndex, keys: BlockKeys, promptTokens: number, engineBlockSize: EngineBlockSize): void {
    this.clear();
    this.promptTokens = promptTokens;
    index.lookup(keys, this.#matches);
    const { count, slots } = this.#matches;
    if (this.#tokens.length < count * STRIDE) this.#tokens = new Uint32Array(2 * count * STRIDE);
    for (let row = 0; row < count; row++) {
      const slot = slots[row]!;
      if (slot >= this.#rowOf.length) this.#growRows(slot);
      this.#rowOf[slot] = row + 1;
      this.#fill(row, index.blockSizeTokens, engineBlockSize(slot));
    }
  }

  /** Forgets the last look-up. */
  clear(): void {
    const { count, slots } = this.#matches;
    for (let row = 0; row < count; row++) this.#rowOf[slots[row]!] = 0;
    this.#matches.count = 0;
    this.promptTokens = 0;
  }

  matchedTokens(slot: number): number {
    const row = this.#rowOf[slot];
    return row ? this.#tokens[(row - 1) * STRIDE]! : 0;
  }

  matchedTokensInTier(slot: number, tier: number): number {
    const row = this.#rowOf[slot];
    return row ? this.#tokens[(row - 1) * STRIDE + 1 + tier]! : 0;
  }

  #fill(row: number, indexBlock: number, engineBlock: number): void {
    const tokens = this.#tokens;
    const { blocks, tierBlocks } = this.#matches;
    const matched = blocks[row]! * indexBlock;
    const usable = usableTokens(matched, this.promptTokens, engineBlock);
    // What is cut off lies at the end, where the slowest tiers are most likely.
    let cut = matched - usable;
    tokens[row * STRIDE] = usable;
    for (let tier = TIER_COUNT - 1; tier >= 0; tier--) {
      const inTier = tierBlocks[row * TIER_COUNT + tier]! * indexBlock;
      const less = Math.min(cut, inTier);
      tokens[row * STRIDE + 1 + tier] = inTier - less;
      cut -= less;
    }
  }

  #growRows(slot: number): void {
    const rows = new Uint32Array(2 * slot + 1);
    rows.set(this.#rowOf);
    this.#rowOf = rows;
  }
}

const STRIDE = TIER_COUNT + 1;

/** Tokens that an engine with blocks of `engineBlock` tokens reuses of `matched` ones. */
export function usableTokens(matched: number, promptTokens: number, engineBlock: number): number {
  const most = promptTokens > 0 ? promptTokens - 1 : 0;
  const tokens = Math.min(matched, most);
  return tokens - (tokens % engineBlock);
}
