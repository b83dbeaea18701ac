import { FreeList } from "./free-list";

/**
 * The KV blocks of one rank, as vLLM manages them. Block contents are known by a key; one key may stand in several
 * blocks (copies), and look-ups then give the oldest. A free block keeps its key until it is allocated again.
 */
export class BlockPool<K> {
  /** Blocks that requests can use: one less than the engine counts, whose block 0 is a placeholder. */
  readonly usableBlocks: number;
  readonly #free: FreeList;
  readonly #references: Int32Array;
  readonly #keyOfBlock: (K | undefined)[];
  readonly #blocksOfKey = new Map<K, number | number[]>();

  /** @param blocks the engine's `num_gpu_blocks`, at least 2. */
  constructor(blocks: number) {
    this.usableBlocks = blocks - 1;
    this.#free = new FreeList(this.usableBlocks);
    this.#references = new Int32Array(this.usableBlocks);
    this.#keyOfBlock = new Array<K | undefined>(this.usableBlocks).fill(undefined);
  }

  get freeBlocks(): number {
    return this.#free.length;
  }

  /** Share of usable blocks that requests hold, 0 to 1. */
  get utilization(): number {
    return this.usableBlocks === 0 ? 0 : 1 - this.#free.length / this.usableBlocks;
  }

  /** The oldest block that holds `key`, or -1. */
  find(key: K): number {
    const found = this.#blocksOfKey.get(key);
    if (found === undefined) return -1;
    return typeof found === "number" ? found : (found[0] as number);
  }

  isFree(block: number): boolean {
    return this.#references[block] === 0;
  }

  references(block: number): number {
    return this.#references[block] as number;
  }

  /** Adds a user to a block that holds a key; a free one leaves the free list. */
  touch(block: number): void {
    if (this.#references[block] === 0) this.#free.remove(block);
    this.#references[block] = (this.#references[block] as number) + 1;
  }

  /** Takes the next victim. `onEvicted` gets the key that it held, where it held one. There must be a free block. */
  allocate(onEvicted: (key: K) => void): number {
    const block = this.#free.shift();
    this.#references[block] = 1;
    const key = this.#keyOfBlock[block];
    if (key !== undefined) {
      this.#forget(key, block);
      onEvicted(key);
    }
    return block;
  }

  /** Says what a full block holds, so that others can find it. A second block with the same key is a copy. */
  register(block: number, key: K): void {
    this.#keyOfBlock[block] = key;
    const found = this.#blocksOfKey.get(key);
    if (found === undefined) this.#blocksOfKey.set(key, block);
    else if (typeof found === "number") this.#blocksOfKey.set(key, [found, block]);
    else found.push(block);
  }

  /**
   * Gives up a request's blocks, the last first, so that the tail of a prompt is evicted before its head. Blocks without
   * a key go to the head of the free list, since nobody can find them again.
   */
  release(blocks: readonly number[]): void {
    let anchor: number | undefined;
    for (let i = blocks.length - 1; i >= 0; i--) {
      const block = blocks[i] as number;
      const left = (this.#references[block] as number) - 1;
      this.#references[block] = left;
      if (left > 0) continue;
      if (this.#keyOfBlock[block] === undefined) anchor = this.#free.insertFront(block, anchor);
      else this.#free.push(block);
    }
  }

  /** Forgets all keys; false, and nothing done, while a block is in use. The order of the free list stays. */
  clear(): boolean {
    if (this.#free.length !== this.usableBlocks) return false;
    this.#blocksOfKey.clear();
    this.#keyOfBlock.fill(undefined);
    return true;
  }

  /** Distinct keys held. */
  get keyCount(): number {
    return this.#blocksOfKey.size;
  }

  /** Every key held, with its number of copies. */
  *contents(): IterableIterator<readonly [key: K, copies: number]> {
    for (const [key, found] of this.#blocksOfKey) yield [key, typeof found === "number" ? 1 : found.length];
  }

  /** Free blocks from next victim to last, for tests. */
  freeOrder(): number[] {
    return [...this.#free];
  }

  #forget(key: K, block: number): void {
    this.#keyOfBlock[block] = undefined;
    const found = this.#blocksOfKey.get(key);
    if (typeof found === "number") this.#blocksOfKey.delete(key);
    else if (found) {
      found.splice(found.indexOf(block), 1);
      if (found.length === 1) this.#blocksOfKey.set(key, found[0] as number);
    }
  }
}
