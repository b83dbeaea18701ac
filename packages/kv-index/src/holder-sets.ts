import { type HashSecret, mixKey } from "./hash-secret";
import { HashTable } from "./hash-table";
import { type Holders, MAX_HOLDERS, NO_SLOT } from "./holders";
import { WordHeap } from "./word-heap";

/** The set without members. */
export const EMPTY_SET = 0;
/** A set that could not be stored for want of room. */
export const NO_SET = 0xffffffff;

const MEMO_BITS = 14;
const MEMO_WORDS = 5;

/**
 * Interned sets of holders, so that a block's holders are one number. Set 0 is empty; sets 1 to 65,536 are the single
 * holders (number + 1), which always exist; all others are sorted lists, counted by the blocks that have them and freed
 * at zero. Adding or taking one holder is remembered, so that it is computed once for all blocks that change alike.
 */
export class HolderSets {
  /** Sets of two and more that exist. */
  live = 0;
  readonly #secret: HashSecret;
  readonly #holders: Holders;
  readonly #heap: WordHeap;
  readonly #lists: Uint16Array;
  readonly #table: HashTable;
  // By set number less MAX_HOLDERS + 1.
  readonly #at: Uint32Array;
  readonly #size: Uint32Array;
  readonly #references: Uint32Array;
  readonly #serial: Uint32Array;
  readonly #hashLo: Uint32Array;
  readonly #hashHi: Uint32Array;
  readonly #checked: Uint32Array;
  readonly #capacity: number;
  #top = 0;
  #freeHead = 0;
  #nextSerial = 1;
  /** Per entry: set, serial, holder, result, the result's serial. */
  readonly #memo = new Uint32Array(MEMO_WORDS << MEMO_BITS);
  readonly #scratch = new Uint16Array(MAX_HOLDERS);

  constructor(holders: Holders, secret: HashSecret, maxBytes: number) {
    this.#holders = holders;
    this.#secret = secret;
    const bits = Math.max(8, Math.floor(Math.log2(maxBytes / 160)));
    this.#capacity = Math.min(HashTable.capacity(bits), Math.floor(maxBytes / 160));
    this.#heap = new WordHeap(Math.max(1024, Math.floor((maxBytes - this.#capacity * 28 - (12 << bits)) / 4)));
    this.#lists = new Uint16Array(this.#heap.words.buffer);
    this.#table = new HashTable(8, bits);
    const column = () => new Uint32Array(new SharedArrayBuffer(4 * this.#capacity));
    this.#at = column();
    this.#size = column();
    this.#references = column();
    this.#serial = column();
    this.#hashLo = column();
    this.#hashHi = column();
    this.#checked = column();
  }

  get bytes(): number {
    return this.#heap.bytes + this.#table.bytes + 28 * this.#top;
  }

  size(set: number): number {
    return set <= MAX_HOLDERS ? (set === EMPTY_SET ? 0 : 1) : this.#size[set - MAX_HOLDERS - 1]!;
  }

  /** The set with `holder` in it; the same where it is already. A new set lives only once it is retained. */
  with(set: number, holder: number): number {
    if (set === EMPTY_SET) return holder + 1;
    const result = this.#toggle(set, holder, true);
    return result === NO_SET || this.size(result) > this.size(set) ? result : set;
  }

  /** The set without `holder`. */
  without(set: number, holder: number): number {
    if (set <= MAX_HOLDERS) return set === holder + 1 ? EMPTY_SET : set;
    const result = this.#toggle(set, holder, false);
    return result === NO_SET || this.size(result) < this.size(set) ? result : set;
  }

  has(set: number, holder: number): boolean {
    if (set <= MAX_HOLDERS) return set === holder + 1;
    return this.#find(set - MAX_HOLDERS - 1, holder) >= 0;
  }

  /** `count` more blocks have the set. */
  retain(set: number, count: number): void {
    if (set > MAX_HOLDERS) this.#references[set - MAX_HOLDERS - 1]! += count;
  }

  /** `count` blocks less have the set. */
  release(set: number, count: number): void {
    if (set <= MAX_HOLDERS) return;
    const i = set - MAX_HOLDERS - 1;
    const left = this.#references[i]! - count;
    this.#references[i] = left;
    if (left === 0) this.#free(i);
  }

  /** Frees a set that was made on the way to another and that no block has. */
  discard(set: number): void {
    if (set > MAX_HOLDERS && set !== NO_SET && this.#references[set - MAX_HOLDERS - 1] === 0) {
      this.#free(set - MAX_HOLDERS - 1);
    }
  }

  /** Writes the members to `into` and returns how many there are. Rising order. */
  members(set: number, into: Uint16Array): number {
    if (set === EMPTY_SET) return 0;
    if (set <= MAX_HOLDERS) {
      into[0] = set - 1;
      return 1;
    }
    const i = set - MAX_HOLDERS - 1;
    const from = 2 * this.#at[i]!;
    const n = this.#size[i]!;
    for (let k = 0; k < n; k++) into[k] = this.#lists[from + k]!;
    return n;
  }

  /** Where the members of a set of two and more stand in `lists`. */
  listStart(set: number): number {
    return 2 * this.#at[set - MAX_HOLDERS - 1]!;
  }

  get lists(): Uint16Array {
    return this.#lists;
  }

  /** Changes when the set's number is given to another set; 0 for single holders. */
  serial(set: number): number {
    return set <= MAX_HOLDERS ? 0 : this.#serial[set - MAX_HOLDERS - 1]!;
  }

  /** Blocks that have the set; for audits. */
  references(set: number): number {
    return set <= MAX_HOLDERS ? 0 : this.#references[set - MAX_HOLDERS - 1]!;
  }

  /** Numbers of the sets of two and more that exist; for audits. */
  *all(): Iterable<number> {
    for (let i = 0; i < this.#top; i++) if (this.#size[i] !== 0) yield i + MAX_HOLDERS + 1;
  }

  /** Whether a member does not count any more. Computed once per set and generation of holders. */
  isStale(set: number): boolean {
    const { slotOf, generation } = this.#holders;
    if (set <= MAX_HOLDERS) return set !== EMPTY_SET && slotOf[set - 1] === NO_SLOT;
    const i = set - MAX_HOLDERS - 1;
    const stamp = ((generation & 0x3fffffff) << 2) >>> 0;
    const known = this.#checked[i]!;
    if ((known & ~3) >>> 0 === stamp && (known & 2) !== 0) return (known & 1) !== 0;
    const from = 2 * this.#at[i]!;
    const end = from + this.#size[i]!;
    let k = from;
    while (k < end && slotOf[this.#lists[k]!] !== NO_SLOT) k++;
    this.#checked[i] = stamp | (k < end ? 3 : 2);
    return k < end;
  }

  /** The set without the members that do not count. */
  purge(set: number): number {
    if (!this.isStale(set)) return set;
    const { slotOf } = this.#holders;
    const n = this.members(set, this.#scratch);
    let kept = 0;
    let lo = 0;
    let hi = 0;
    for (let k = 0; k < n; k++) {
      const holder = this.#scratch[k]!;
      if (slotOf[holder] === NO_SLOT) continue;
      this.#scratch[kept++] = holder;
      lo ^= this.#lowOf(holder);
      hi ^= this.#highOf(holder);
    }
    return this.#intern(kept, lo >>> 0, hi >>> 0);
  }

  #toggle(set: number, holder: number, adding: boolean): number {
    const serial = this.serial(set);
    const memo = this.#memo;
    const m = MEMO_WORDS * ((Math.imul(set, 0x9e3779b1) ^ Math.imul(holder + 1, 0x85ebca6b)) >>> (32 - MEMO_BITS));
    if (memo[m] === set && memo[m + 1] === serial && memo[m + 2] === holder) {
      const result = memo[m + 3]!;
      if (this.serial(result) === memo[m + 4]) return result;
    }
    // Nothing to change: say so without making the set that would be there otherwise.
    if (this.has(set, holder) === adding) return set;
    const n = this.#build(set, holder, adding);
    const lo = (this.#lowHash(set) ^ this.#lowOf(holder)) >>> 0;
    const hi = (this.#highHash(set) ^ this.#highOf(holder)) >>> 0;
    const result = this.#intern(n, lo, hi);
    if (result === NO_SET) return result;
    memo[m] = set;
    memo[m + 1] = serial;
    memo[m + 2] = holder;
    memo[m + 3] = result;
    memo[m + 4] = this.serial(result);
    return result;
  }

  /** Writes the changed list to the scratch and returns its length. */
  #build(set: number, holder: number, adding: boolean): number {
    const scratch = this.#scratch;
    const n = this.members(set, scratch);
    let at = 0;
    while (at < n && scratch[at]! < holder) at++;
    if (!adding) {
      scratch.copyWithin(at, at + 1, n);
      return n - 1;
    }
    scratch.copyWithin(at + 1, at, n);
    scratch[at] = holder;
    return n + 1;
  }

  // A set's hash is the exclusive or of its members', so that a change of one is a change of one word.

  #lowOf(holder: number): number {
    return mixKey(this.#secret, holder, 0x51ed270b);
  }

  #highOf(holder: number): number {
    return mixKey(this.#secret, holder, 0xa3ec647d);
  }

  #lowHash(set: number): number {
    return set <= MAX_HOLDERS ? this.#lowOf(set - 1) : this.#hashLo[set - MAX_HOLDERS - 1]!;
  }

  #highHash(set: number): number {
    return set <= MAX_HOLDERS ? this.#highOf(set - 1) : this.#hashHi[set - MAX_HOLDERS - 1]!;
  }

  /** The number of the set whose members are the first `n` of the scratch, with their hash. */
  #intern(n: number, lo: number, hi: number): number {
    if (n === 0) return EMPTY_SET;
    if (n === 1) return this.#scratch[0]! + 1;
    const { slots, mask, shift } = this.#table;
    for (let s = lo >>> shift; slots[2 * s + 1] !== 0; s = (s + 1) & mask) {
      const i = slots[2 * s + 1]! - 1;
      if (slots[2 * s] === lo && this.#equals(i, n, hi)) return i + MAX_HOLDERS + 1;
    }
    return this.#create(n, lo, hi);
  }

  #equals(i: number, n: number, hi: number): boolean {
    if (this.#size[i] !== n || this.#hashHi[i] !== hi) return false;
    const from = 2 * this.#at[i]!;
    for (let k = 0; k < n; k++) if (this.#lists[from + k] !== this.#scratch[k]) return false;
    return true;
  }

  #create(n: number, lo: number, hi: number): number {
    const fresh = this.#freeHead === 0;
    if (fresh && this.#top === this.#capacity) return NO_SET;
    const at = this.#heap.allocate((n + 1) >>> 1);
    if (at === 0) return NO_SET;
    const i = fresh ? this.#top++ : this.#freeHead - 1;
    if (!fresh) this.#freeHead = this.#at[i]!;
    this.#at[i] = at;
    this.#size[i] = n;
    this.#references[i] = 0;
    this.#serial[i] = this.#nextSerial;
    this.#nextSerial = (this.#nextSerial + 1) >>> 0 || 1;
    this.#hashLo[i] = lo;
    this.#hashHi[i] = hi;
    this.#checked[i] = 0;
    this.#lists.set(this.#scratch.subarray(0, n), 2 * at);
    this.#table.insert(lo, i);
    this.live++;
    return i + MAX_HOLDERS + 1;
  }

  #free(i: number): void {
    this.#table.remove(this.#hashLo[i]!, i);
    this.#heap.release(this.#at[i]!, (this.#size[i]! + 1) >>> 1);
    this.#size[i] = 0;
    this.#serial[i] = 0xffffffff;
    this.#at[i] = this.#freeHead;
    this.#freeHead = i + 1;
    this.live--;
  }

  #find(i: number, holder: number): number {
    let low = 2 * this.#at[i]!;
    let high = low + this.#size[i]! - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const there = this.#lists[middle]!;
      if (there === holder) return middle;
      if (there < holder) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
