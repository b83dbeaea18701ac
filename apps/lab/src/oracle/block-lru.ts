/**
 * A cache of block ids that forgets the least recently used. Ids are small and dense, so the list of use is two typed
 * arrays indexed by id: no allocation per use.
 */
export class BlockLru {
  readonly #capacity: number;
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  readonly #held: Uint8Array;
  /** The list's two ends are kept in one extra element. */
  readonly #end: number;
  #size = 0;

  /** `idCount` is one more than the largest id; `capacity` in blocks, Infinity for no limit. */
  constructor(capacity: number, idCount: number) {
    this.#capacity = capacity;
    this.#end = idCount;
    this.#newer = new Int32Array(idCount + 1).fill(idCount);
    this.#older = new Int32Array(idCount + 1).fill(idCount);
    this.#held = new Uint8Array(idCount);
  }

  /** Blocks held without a gap from the start. */
  prefixDepth(ids: Uint32Array): number {
    let depth = 0;
    while (depth < ids.length && this.#held[ids[depth]!] === 1) depth++;
    return depth;
  }

  /** Marks all blocks as used, the tail first, so that a prompt's tail is forgotten before its head. */
  use(ids: Uint32Array): void {
    for (let i = ids.length - 1; i >= 0; i--) this.#touch(ids[i]!);
    while (this.#size > this.#capacity) this.#remove(this.#newer[this.#end]!);
  }

  #touch(id: number): void {
    if (this.#held[id] === 1) this.#remove(id);
    const newest = this.#older[this.#end]!;
    this.#newer[newest] = id;
    this.#older[id] = newest;
    this.#newer[id] = this.#end;
    this.#older[this.#end] = id;
    this.#held[id] = 1;
    this.#size++;
  }

  #remove(id: number): void {
    const older = this.#older[id]!;
    const newer = this.#newer[id]!;
    this.#newer[older] = newer;
    this.#older[newer] = older;
    this.#held[id] = 0;
    this.#size--;
  }
}
