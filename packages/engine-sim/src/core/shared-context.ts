/**
 * Counts, over the decoding sequences of a replica, the tokens of context that more than one of them reads (every
 * reader but the first counts). Changes when a sequence starts or stops to decode, not from step to step.
 */
export class SharedContext {
  /** Kdup of the step-time model. */
  sharedTokens = 0;
  readonly #decoders: Int32Array;
  readonly #blockSizeTokens: number;

  constructor(blocks: number, blockSizeTokens: number) {
    this.#decoders = new Int32Array(blocks);
    this.#blockSizeTokens = blockSizeTokens;
  }

  enter(blocks: readonly number[]): void {
    for (const block of blocks) this.enterBlock(block);
  }

  enterBlock(block: number): void {
    const readers = this.#decoders[block] as number;
    this.#decoders[block] = readers + 1;
    if (readers > 0) this.sharedTokens += this.#blockSizeTokens;
  }

  leave(blocks: readonly number[]): void {
    for (const block of blocks) {
      const readers = (this.#decoders[block] as number) - 1;
      this.#decoders[block] = readers;
      if (readers > 0) this.sharedTokens -= this.#blockSizeTokens;
    }
  }
}
