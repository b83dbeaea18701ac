import type { Tier } from "@warmpath/contracts";
import { type HashSecret, mixKey } from "./hash-secret";
import { HashTable } from "./hash-table";
import { REGION_SIZE, RegionSlab } from "./region-slab";
import type { Source } from "./sources";
import { WordHeap } from "./word-heap";

const STRIDE = 7;
const LO = 0;
const HI = 1;
/** Source number << 16 | epoch << 8 | flags; 0 = free. */
const META = 2;
/** GPU copies << 16 | CPU copies << 8 | storage copies. */
const COPIES = 3;
/** The block's one key, or the address of its side record. */
const KEY = 4;
/** Position + 1 at which its last key was last seen; 0 = unknown. */
const HINT = 6;
const FLAG_SIDE = 1;
/** The entry is not a block but counts further blocks that have a key; see `findExtra`. */
const FLAG_EXTRA = 2;
/** The first key, shared with blocks before, is held in the tier: 16 << tier. */
const FLAG_SHARED = 16;

const SHIFT_OF_TIER = [16, 8, 0] as const;
const MASK_OF_TIER = [0xffff, 0xff, 0xff] as const;

/** Words of a side record before its keys and leftover tokens. */
const SIDE_HEADER = 9;
const SIDE_KEYS = 0;
const SIDE_TAIL = 1;
const SIDE_HEAD = 2;
const SIDE_PARENT = 3;
const SIDE_CHILD = 4;
const SIDE_SIBLING = 5;
const SIDE_LAST = 6;
const SIDE_HAS_LAST = 8;

/** What an engine block means in our keys; see `EngineBlocks.describe`. */
export interface BlockShape {
  /** Keys that the block completes, from `2 · keyFrom` of the words given. */
  keyFrom: number;
  keyCount: number;
  /** Tokens of its first key that belong to blocks before it. */
  head: number;
  /** Leftover tokens after its last key, from `tailFrom` of the tokens given; includes those of blocks before it. */
  tailFrom: number;
  tailCount: number;
}

/** A key and the leftover tokens after it: where the next block of a chain goes on. */
export interface ChainEnd {
  hasKey: boolean;
  lo: number;
  hi: number;
  tailCount: number;
}

/**
 * The engines' own block hashes: copies by tier, and the keys that a block stands for. A block that is exactly one key
 * has it in place; one that is several, or part of one, has a side record, and there the blocks that share a key with
 * others are linked, parent to children.
 */
export class EngineBlocks {
  readonly words: Uint32Array;
  readonly slab: RegionSlab;
  readonly #table: HashTable;
  readonly #heap: WordHeap;
  readonly #secret: HashSecret;
  /** Tags of the hashes read ahead; the last word takes what was read, so that reading is not optimised away. */
  readonly #tags = new Uint32Array(17);

  constructor(secret: HashSecret, capacity: number, tableBits: number, maxBits: number, sideWords: number) {
    this.#secret = secret;
    const rounded = Math.max(4, Math.floor(capacity / REGION_SIZE)) * REGION_SIZE;
    this.words = new Uint32Array(new SharedArrayBuffer(4 * STRIDE * rounded));
    this.slab = new RegionSlab({ words: this.words, stride: STRIDE, offset: META }, rounded);
    this.#table = new HashTable(tableBits, maxBits);
    this.#heap = new WordHeap(sideWords);
  }

  get bytes(): number {
    return 4 * STRIDE * this.slab.highWater + this.#table.bytes + this.#heap.bytes;
  }

  get count(): number {
    return this.slab.live;
  }

  /** Reads the table ahead for up to 16 hashes from the i-th on. `findAhead` then serves them. */
  readAhead(source: Source, hashes: Uint32Array, i: number): void {
    const n = Math.min(16, hashes.length / 2 - i);
    const { slots, shift } = this.#table;
    let sink = 0;
    for (let k = 0; k < n; k++) {
      const tag = this.#tag(source.id, hashes[2 * (i + k)]!, hashes[2 * (i + k) + 1]!);
      this.#tags[k] = tag;
      sink ^= slots[2 * (tag >>> shift)]!;
    }
    this.#tags[16] = sink;
  }

  /** The block of a source with this hash; -1 when it is not known. Copies of past epochs are taken off first. */
  find(source: Source, lo: number, hi: number): number {
    return this.#probe(source, this.#tag(source.id, lo, hi), lo, hi, 0);
  }

  /**
   * Blocks that are alike up to a key's end and differ after it have that key in common. The entry of the key counts, as
   * copies by tier, those that came after the first; -1 when there are none.
   */
  findExtra(source: Source, lo: number, hi: number): number {
    return this.#probe(source, this.#tag(source.id, lo, ~hi), lo, hi, FLAG_EXTRA);
  }

  /** The same for hash k of the last `readAhead`. */
  findAhead(source: Source, k: number, lo: number, hi: number): number {
    return this.#probe(source, this.#tags[k]!, lo, hi, 0);
  }

  #probe(source: Source, tag: number, lo: number, hi: number, kind: number): number {
    const { slots, mask, shift } = this.#table;
    const { words } = this;
    for (let i = tag >>> shift; ; i = (i + 1) & mask) {
      const handle = slots[2 * i + 1]!;
      if (handle === 0) return -1;
      if (slots[2 * i] !== tag) continue;
      const at = (handle - 1) * STRIDE;
      const meta = words[at + META]!;
      if (words[at + LO] !== lo || words[at + HI] !== hi || meta >>> 16 !== source.id) continue;
      if ((meta & FLAG_EXTRA) !== kind) continue;
      this.#renew(at, source);
      return handle - 1;
    }
  }

  /** A new block without copies; -1 when there is no room. `describe` must follow. */
  create(source: Source, lo: number, hi: number): number {
    return this.#add(source, this.#tag(source.id, lo, hi), lo, hi, 0);
  }

  /** The entry that counts further blocks with a key. */
  createExtra(source: Source, lo: number, hi: number): number {
    return this.#add(source, this.#tag(source.id, lo, ~hi), lo, hi, FLAG_EXTRA);
  }

  #add(source: Source, tag: number, lo: number, hi: number, kind: number): number {
    if (this.#table.count >= this.slab.capacity) return -1;
    const block = this.slab.allocate();
    if (block < 0) return -1;
    const { words } = this;
    const at = block * STRIDE;
    words[at + LO] = lo;
    words[at + HI] = hi;
    words[at + META] = ((source.id << 16) | (source.epoch << 8) | kind) >>> 0;
    words[at + COPIES] = 0;
    words[at + HINT] = 0;
    this.#table.insert(tag, block);
    return block;
  }

  /**
   * Says what the block means. `parent` is linked where the block begins inside a key, else -1. False when there is no
   * room for the side record; the block is then freed.
   */
  describe(
    block: number,
    shape: BlockShape,
    keys: Uint32Array,
    tokens: Uint32Array,
    parent: number,
    end: ChainEnd,
  ): boolean {
    const { words } = this;
    const at = block * STRIDE;
    const { keyFrom, keyCount, head, tailFrom, tailCount } = shape;
    if (keyCount === 1 && head === 0 && tailCount === 0) {
      words[at + KEY] = keys[2 * keyFrom]!;
      words[at + KEY + 1] = keys[2 * keyFrom + 1]!;
      return true;
    }
    const side = this.#heap.allocate(SIDE_HEADER + 2 * keyCount + tailCount);
    if (side === 0) {
      this.#release(block);
      return false;
    }
    words[at + META]! |= FLAG_SIDE;
    words[at + KEY] = side;
    const heap = this.#heap.words;
    heap[side + SIDE_KEYS] = keyCount;
    heap[side + SIDE_TAIL] = tailCount;
    heap[side + SIDE_HEAD] = head;
    heap[side + SIDE_PARENT] = 0;
    heap[side + SIDE_CHILD] = 0;
    heap[side + SIDE_SIBLING] = 0;
    const last = 2 * (keyFrom + keyCount - 1);
    heap[side + SIDE_LAST] = keyCount > 0 ? keys[last]! : end.lo;
    heap[side + SIDE_LAST + 1] = keyCount > 0 ? keys[last + 1]! : end.hi;
    heap[side + SIDE_HAS_LAST] = keyCount > 0 || end.hasKey ? 1 : 0;
    heap.set(keys.subarray(2 * keyFrom, 2 * (keyFrom + keyCount)), side + SIDE_HEADER);
    heap.set(tokens.subarray(tailFrom, tailFrom + tailCount), side + SIDE_HEADER + 2 * keyCount);
    if (head > 0 && parent >= 0) this.#link(block, side, parent);
    return true;
  }

  hasSide(block: number): boolean {
    return (this.words[block * STRIDE + META]! & FLAG_SIDE) !== 0;
  }

  isExtra(block: number): boolean {
    return (this.words[block * STRIDE + META]! & FLAG_EXTRA) !== 0;
  }

  /** Whether the key that the block shares with blocks before it is held on its account. */
  holdsShared(block: number, tier: Tier): boolean {
    return (this.words[block * STRIDE + META]! & (FLAG_SHARED << tier)) !== 0;
  }

  setHoldsShared(block: number, tier: Tier, holds: boolean): void {
    if (holds) this.words[block * STRIDE + META]! |= FLAG_SHARED << tier;
    else this.words[block * STRIDE + META]! &= ~(FLAG_SHARED << tier);
  }

  /** Leftover tokens after the block's last key. */
  tailCount(block: number): number {
    return this.#side(block, SIDE_TAIL);
  }

  /** Keys that the block completes. */
  keyCount(block: number): number {
    return this.hasSide(block) ? this.#heap.words[this.words[block * STRIDE + KEY]! + SIDE_KEYS]! : 1;
  }

  /** Where its keys stand in `keyWords(block)`. */
  keyStart(block: number): number {
    return this.hasSide(block) ? this.words[block * STRIDE + KEY]! + SIDE_HEADER : block * STRIDE + KEY;
  }

  keyWords(block: number): Uint32Array {
    return this.hasSide(block) ? this.#heap.words : this.words;
  }

  head(block: number): number {
    return this.#side(block, SIDE_HEAD);
  }

  /** The block that its first key began in; -1 where it begins itself. */
  parent(block: number): number {
    return this.#side(block, SIDE_PARENT) - 1;
  }

  firstChild(block: number): number {
    return this.#side(block, SIDE_CHILD) - 1;
  }

  nextSibling(block: number): number {
    return this.#side(block, SIDE_SIBLING) - 1;
  }

  /** Where the chain goes on after the block. Leftover tokens are written to `tail`. */
  chainEnd(block: number, end: ChainEnd, tail: Uint32Array): void {
    const at = block * STRIDE;
    end.tailCount = 0;
    if (!this.hasSide(block)) {
      end.hasKey = true;
      end.lo = this.words[at + KEY]!;
      end.hi = this.words[at + KEY + 1]!;
      return;
    }
    const heap = this.#heap.words;
    const side = this.words[at + KEY]!;
    end.hasKey = heap[side + SIDE_HAS_LAST] === 1;
    end.lo = heap[side + SIDE_LAST]!;
    end.hi = heap[side + SIDE_LAST + 1]!;
    end.tailCount = heap[side + SIDE_TAIL]!;
    const from = side + SIDE_HEADER + 2 * heap[side + SIDE_KEYS]!;
    for (let i = 0; i < end.tailCount; i++) tail[i] = heap[from + i]!;
  }

  hint(block: number): number {
    return this.words[block * STRIDE + HINT]! - 1;
  }

  setHint(block: number, position: number): void {
    this.words[block * STRIDE + HINT] = position + 1;
  }

  copies(block: number, tier: Tier): number {
    return (this.words[block * STRIDE + COPIES]! >>> SHIFT_OF_TIER[tier]) & MASK_OF_TIER[tier];
  }

  /** Adds a copy; false when it cannot be counted any more. */
  addCopy(block: number, tier: Tier): boolean {
    if (this.copies(block, tier) === MASK_OF_TIER[tier]) return false;
    this.words[block * STRIDE + COPIES]! += 1 << SHIFT_OF_TIER[tier];
    return true;
  }

  removeCopy(block: number, tier: Tier): void {
    this.words[block * STRIDE + COPIES]! -= 1 << SHIFT_OF_TIER[tier];
  }

  removeAllCopies(block: number, tier: Tier): void {
    this.words[block * STRIDE + COPIES]! &= ~(MASK_OF_TIER[tier] << SHIFT_OF_TIER[tier]);
  }

  isResident(block: number): boolean {
    return this.words[block * STRIDE + COPIES] !== 0;
  }

  hashLo(block: number): number {
    return this.words[block * STRIDE + LO]!;
  }

  hashHi(block: number): number {
    return this.words[block * STRIDE + HI]!;
  }

  /** Number of the block's source; 0 = no block there. */
  sourceId(block: number): number {
    return this.words[block * STRIDE + META]! >>> 16;
  }

  /** Takes off GPU copies of past epochs. */
  renew(block: number, source: Source): void {
    this.#renew(block * STRIDE, source);
  }

  /**
   * Frees a block without copies, and its parents that were kept for it alone. One that others are linked to stays, so
   * that their shared keys come back when it does. Returns whether it was freed.
   */
  destroy(block: number): boolean {
    let at = block;
    while (at >= 0 && !this.isResident(at) && this.firstChild(at) < 0) {
      const parent = this.parent(at);
      if (parent >= 0) this.#unlink(at, parent);
      this.#release(at);
      at = parent;
    }
    return at !== block;
  }

  /** Frees a block whose source has ended; links are void with it. */
  abandon(block: number): void {
    this.#release(block);
  }

  #side(block: number, field: number): number {
    return this.hasSide(block) ? this.#heap.words[this.words[block * STRIDE + KEY]! + field]! : 0;
  }

  #renew(at: number, source: Source): void {
    const meta = this.words[at + META]!;
    if (((meta >>> 8) & 0xff) === source.epoch) return;
    this.words[at + META] = ((meta & ~(0xff00 | FLAG_SHARED)) | (source.epoch << 8)) >>> 0;
    this.words[at + COPIES]! &= 0xffff;
  }

  #link(block: number, side: number, parent: number): void {
    const heap = this.#heap.words;
    const above = this.words[parent * STRIDE + KEY]!;
    heap[side + SIDE_PARENT] = parent + 1;
    heap[side + SIDE_SIBLING] = heap[above + SIDE_CHILD]!;
    heap[above + SIDE_CHILD] = block + 1;
  }

  #unlink(block: number, parent: number): void {
    const heap = this.#heap.words;
    const above = this.words[parent * STRIDE + KEY]!;
    const next = this.nextSibling(block) + 1;
    let at = above + SIDE_CHILD;
    while (heap[at] !== block + 1) at = this.words[(heap[at]! - 1) * STRIDE + KEY]! + SIDE_SIBLING;
    heap[at] = next;
  }

  #release(block: number): void {
    const { words } = this;
    const at = block * STRIDE;
    const hi = this.isExtra(block) ? ~words[at + HI]! : words[at + HI]!;
    this.#table.remove(this.#tag(words[at + META]! >>> 16, words[at + LO]!, hi), block);
    if (this.hasSide(block)) {
      const side = words[at + KEY]!;
      const heap = this.#heap.words;
      this.#heap.release(side, SIDE_HEADER + 2 * heap[side + SIDE_KEYS]! + heap[side + SIDE_TAIL]!);
    }
    words[at + META] = 0;
    this.slab.freed(block);
  }

  #tag(source: number, lo: number, hi: number): number {
    return mixKey(this.#secret, lo ^ Math.imul(source, 0x9e3779b1), hi);
  }
}
