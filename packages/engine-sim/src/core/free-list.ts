/**
 * Doubly linked list of free block numbers: the head is the next victim. Links live in typed arrays with one sentinel,
 * so that taking a block out of the middle is constant time and nothing is allocated.
 */
export class FreeList {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #sentinel: number;
  #length: number;

  /** Holds blocks 0 to `blocks` - 1, in that order. */
  constructor(blocks: number) {
    this.#sentinel = blocks;
    this.#length = blocks;
    this.#next = new Int32Array(blocks + 1);
    this.#previous = new Int32Array(blocks + 1);
    for (let i = 0; i <= blocks; i++) {
      this.#next[i] = i === blocks ? 0 : i + 1;
      this.#previous[i] = i === 0 ? blocks : i - 1;
    }
  }

  get length(): number {
    return this.#length;
  }

  /** Takes the head. The list must not be empty. */
  shift(): number {
    const block = this.#next[this.#sentinel] as number;
    this.remove(block);
    return block;
  }

  remove(block: number): void {
    const next = this.#next[block] as number;
    const previous = this.#previous[block] as number;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#length--;
  }

  /** Puts a block at the tail: reused last. */
  push(block: number): void {
    this.#insertAfter(this.#previous[this.#sentinel] as number, block);
  }

  /** Puts a block behind `anchor`, or at the head where `anchor` is undefined; returns it, the next anchor. */
  insertFront(block: number, anchor: number | undefined): number {
    this.#insertAfter(anchor ?? this.#sentinel, block);
    return block;
  }

  /** Block numbers from head to tail. */
  *[Symbol.iterator](): Iterator<number> {
    for (let at = this.#next[this.#sentinel] as number; at !== this.#sentinel; at = this.#next[at] as number) yield at;
  }

  #insertAfter(before: number, block: number): void {
    const after = this.#next[before] as number;
    this.#next[before] = block;
    this.#previous[block] = before;
    this.#next[block] = after;
    this.#previous[after] = block;
    this.#length++;
  }
}
