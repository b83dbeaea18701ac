/**
 * Hands out runs of 32-bit words in power-of-two sizes from one shared buffer of fixed size. A freed run serves the next
 * request of its size or, split, of a smaller one. Address 0 is never given out.
 */
export class WordHeap {
  readonly words: Uint32Array;
  /** Words given out, rounded up to their size. */
  used = 0;
  #top = 1;
  /** First free run by size class; its first word points to the next. */
  readonly #free = new Uint32Array(32);

  constructor(capacityWords: number) {
    this.words = new Uint32Array(new SharedArrayBuffer(4 * capacityWords));
  }

  /** Bytes touched so far. */
  get bytes(): number {
    return 4 * this.#top;
  }

  /** Address of `n` words, not cleared; 0 when there is no room. */
  allocate(n: number): number {
    const size = sizeClass(n);
    const at = this.#take(size);
    if (at !== 0) this.used += 1 << size;
    return at;
  }

  /** Gives back the run of `n` words at `at`. */
  release(at: number, n: number): void {
    const size = sizeClass(n);
    this.used -= 1 << size;
    this.#push(at, size);
  }

  #take(size: number): number {
    const at = this.#free[size]!;
    if (at !== 0) {
      this.#free[size] = this.words[at]!;
      return at;
    }
    if (this.#top + (1 << size) <= this.words.length) {
      const fresh = this.#top;
      this.#top += 1 << size;
      return fresh;
    }
    return this.#split(size);
  }

  #split(size: number): number {
    for (let larger = size + 1; larger < 32; larger++) {
      const at = this.#free[larger]!;
      if (at === 0) continue;
      this.#free[larger] = this.words[at]!;
      for (let half = larger - 1; half >= size; half--) this.#push(at + (1 << half), half);
      return at;
    }
    return 0;
  }

  #push(at: number, size: number): void {
    this.words[at] = this.#free[size]!;
    this.#free[size] = at;
  }
}

function sizeClass(n: number): number {
  return n <= 1 ? 0 : 32 - Math.clz32(n - 1);
}
