import type { BlockKeys } from "@warmpath/contracts";

/** Entries; a power of two. */
const SIZE = 4096;

/**
 * How many recent prompts parted right behind a given block. The end of a system prompt is such a place; the end of a
 * conversation's last turn is not, because the next turn parts further on. A table of fixed size: a newcomer wears an
 * old entry down before it takes its place.
 */
export class Popularity {
  readonly #halfLifeMs: number;
  readonly #tags = new Uint32Array(SIZE);
  readonly #counts = new Float64Array(SIZE);
  readonly #atMs = new Float64Array(SIZE);

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  /** Counts one prompt that parted behind block `block` of `keys`; returns how many did before. */
  visit(keys: BlockKeys, block: number, nowMs: number): number {
    const tag = keys.words[2 * block]!;
    const at = keys.words[2 * block + 1]! & (SIZE - 1);
    const age = nowMs - this.#atMs[at]!;
    const count = age > 0 ? this.#counts[at]! * 0.5 ** (age / this.#halfLifeMs) : this.#counts[at]!;
    this.#atMs[at] = nowMs;
    if (this.#tags[at] === tag) {
      this.#counts[at] = count + 1;
      return count;
    }
    if (count >= 1) this.#counts[at] = count - 1;
    else {
      this.#tags[at] = tag;
      this.#counts[at] = 1;
    }
    return 0;
  }
}
