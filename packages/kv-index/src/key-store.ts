import { type HashSecret, mixKey } from "./hash-secret";
import { HashTable } from "./hash-table";
import { EMPTY_SET, type HolderSets, NO_SET } from "./holder-sets";
import type { Holders } from "./holders";
import { REGION_SIZE, RegionSlab } from "./region-slab";

/** Keys whose home slots are read ahead, so that the cache misses of a run overlap; a power of two. */
const AHEAD = 16;

/** What `hold` says of each key. */
export interface HoldTrace {
  /** Position; -1 when there was no room. */
  positions: Int32Array;
  /** 1 where the holder had the key already. */
  had: Uint8Array;
}

/**
 * Our block keys and who holds each. A key has a position in an arena; keys stored together stand side by side, so that a
 * prompt is walked by comparing the next position and probed for only where that fails. Per position: two key words and
 * the number of a holder set, 0 = free.
 */
export class KeyStore {
  readonly keys: Uint32Array;
  readonly sets: Uint32Array;
  readonly slab: RegionSlab;
  readonly table: HashTable;
  /** Keys given up for want of room. */
  evicted = 0;
  /** Holders that were not noted because their set could not be stored. */
  refused = 0;
  readonly secret: HashSecret;
  readonly #interned: HolderSets;
  readonly #holders: Holders;
  /** Tags of the keys read ahead; the last word takes what was read, so that reading is not optimised away. */
  readonly #tags = new Uint32Array(AHEAD + 1);
  readonly #members = new Uint16Array(65536);
  // The last change of set, and how many positions made it that are not yet counted in the sets.
  #from = EMPTY_SET;
  #to = EMPTY_SET;
  #moved = 0;
  #holder = 0;
  #step = 0;
  readonly #lost: number[] = [];
  /** Keys placed for a holder and not yet counted. */
  #placed = 0;
  #placedFor = 0;
  /** The table slot that ended the last probe: the key's, or a free one. */
  #slot = 0;
  #sweepAt = -1;

  constructor(
    interned: HolderSets,
    holders: Holders,
    secret: HashSecret,
    capacity: number,
    tableBits: number,
    maxBits: number,
  ) {
    this.#interned = interned;
    this.#holders = holders;
    this.secret = secret;
    const rounded = Math.max(4, Math.floor(capacity / REGION_SIZE)) * REGION_SIZE;
    this.keys = new Uint32Array(new SharedArrayBuffer(8 * rounded));
    this.sets = new Uint32Array(new SharedArrayBuffer(4 * rounded));
    this.slab = new RegionSlab({ words: this.sets, stride: 1, offset: 0 }, rounded);
    this.table = new HashTable(tableBits, maxBits);
  }

  get bytes(): number {
    return 12 * this.slab.highWater + this.table.bytes;
  }

  /** Position of a key; -1 when nobody holds it. */
  find(lo: number, hi: number): number {
    return this.#probe(mixKey(this.secret, lo, hi), lo, hi);
  }

  /** Holders that a key loses when `hold` or `drop` reaches it: bookings that an event has overtaken. */
  superseded: readonly number[] = [];

  /**
   * Notes that `holder` has the keys `words[2·from …]`, `count` of them in chain order. `near` is the position of the key
   * before the first, or -1. Returns the position of the last, or -1 when there was no room for it. Where `trace` is
   * given, it says of each key where it is and whether the holder had it already.
   */
  hold(words: Uint32Array, from: number, count: number, holder: number, near: number, trace?: HoldTrace): number {
    let at = near;
    // After a key that is new the next is new too, most likely.
    let beside = near >= 0;
    this.slab.tick++;
    this.#placedFor = holder;
    for (let i = 0; i < count; i++) {
      if ((i & (AHEAD - 1)) === 0) this.#readAhead(words, from + i, count - i);
      const lo = words[2 * (from + i)]!;
      const hi = words[2 * (from + i) + 1]!;
      let changed = true;
      if (beside && this.#isAt(at + 1, lo, hi)) changed = this.#change(++at, holder, true);
      else {
        const tag = this.#tags[i & (AHEAD - 1)]!;
        at = this.#probe(tag, lo, hi);
        beside = at >= 0;
        if (beside) {
          this.slab.touch(at);
          changed = this.#change(at, holder, true);
        } else at = this.#place(tag, lo, hi, holder);
      }
      if (trace !== undefined) {
        trace.positions[i] = at;
        trace.had[i] = changed ? 0 : 1;
      }
    }
    if (at >= 0) this.slab.touch(at);
    this.#settle();
    return at;
  }

  /** Notes that `holder` has the keys no more, in whatever order they come. */
  drop(words: Uint32Array, from: number, count: number, holder: number): void {
    const alone = this.superseded.length === 0 ? holder + 1 : EMPTY_SET;
    let freed = 0;
    for (let i = 0; i < count; i++) {
      if ((i & (AHEAD - 1)) === 0) this.#readAhead(words, from + i, count - i);
      const tag = this.#tags[i & (AHEAD - 1)]!;
      const at = this.#probe(tag, words[2 * (from + i)]!, words[2 * (from + i) + 1]!);
      if (at < 0) continue;
      if (this.sets[at] !== alone) this.#change(at, holder, false);
      else {
        this.table.removeAt(this.#slot);
        this.sets[at] = EMPTY_SET;
        this.slab.freed(at);
        freed++;
      }
    }
    if (freed > 0) this.#holders.count(holder, -freed);
    this.#settle();
  }

  #isAt(at: number, lo: number, hi: number): boolean {
    return this.keys[2 * at] === lo && this.keys[2 * at + 1] === hi && this.sets[at] !== EMPTY_SET;
  }

  /** The same for one key whose position may be known. Returns its position or -1. */
  dropAt(hint: number, lo: number, hi: number, holder: number): number {
    const at = this.locate(hint, lo, hi);
    if (at >= 0) {
      this.#change(at, holder, false);
      this.#settle();
    }
    return at;
  }

  /** Position of a key that was at `hint` once. */
  locate(hint: number, lo: number, hi: number): number {
    return hint >= 0 && this.#isAt(hint, lo, hi) ? hint : this.find(lo, hi);
  }

  /** Gives the position's key another set, which may be empty. */
  assign(at: number, set: number): void {
    const old = this.sets[at]!;
    if (old === set) return;
    this.#interned.retain(set, 1);
    if (set === EMPTY_SET) this.#free(at);
    else this.sets[at] = set;
    this.#interned.release(old, 1);
  }

  /** Looks at the next `positions` for holders that ended, and frees what only they had. Returns whether work is left. */
  sweep(positions: number): boolean {
    if (this.#sweepAt < 0) {
      if (this.#holders.pending === 0) return false;
      this.#holders.sweepBegins();
      this.#sweepAt = 0;
    }
    const end = Math.min(this.#sweepAt + positions, this.slab.highWater);
    for (let at = this.#sweepAt; at < end; at++) {
      const set = this.sets[at]!;
      if (set !== EMPTY_SET) this.#purge(at, set);
    }
    this.#sweepAt = end;
    if (end < this.slab.highWater) return true;
    this.#sweepAt = -1;
    this.#holders.sweepEnds();
    return this.#holders.pending > 0;
  }

  #purge(at: number, set: number): void {
    const kept = this.#interned.purge(set);
    // Without room for the smaller set the block is given up: a number must not outlive its holder.
    this.assign(at, kept === NO_SET ? this.#giveUp(set) : kept);
  }

  #giveUp(set: number): number {
    this.#uncount(set);
    this.evicted++;
    return EMPTY_SET;
  }

  #uncount(set: number): void {
    const n = this.#interned.members(set, this.#members);
    for (let k = 0; k < n; k++) this.#holders.count(this.#members[k]!, -1);
  }

  /** Returns whether the holder came or went. */
  #change(at: number, holder: number, adding: boolean): boolean {
    const old = this.sets[at]!;
    if (old !== this.#from || this.#moved === 0) {
      this.#settle();
      const set = this.#changed(old, holder, adding);
      if (set === NO_SET) {
        this.refused++;
        if (!adding) this.assign(at, this.#giveUp(old));
        return false;
      }
      if (set === old) return false;
      this.#from = old;
      this.#to = set;
      this.#holder = holder;
    }
    this.#moved++;
    if (this.#to === EMPTY_SET) this.#free(at);
    else this.sets[at] = this.#to;
    return this.#step !== 0;
  }

  /** `old` without what is superseded, and with or without `holder`. */
  #changed(old: number, holder: number, adding: boolean): number {
    const sets = this.#interned;
    let base = old;
    this.#lost.length = 0;
    for (const other of this.superseded) {
      const less = sets.without(base, other);
      if (less === base || less === NO_SET) continue;
      if (base !== old) sets.discard(base);
      base = less;
      this.#lost.push(other);
    }
    const set = adding ? sets.with(base, holder) : sets.without(base, holder);
    if (base !== old && base !== set) sets.discard(base);
    this.#step = set === base || set === NO_SET ? 0 : adding ? 1 : -1;
    return set;
  }

  /** Counts the changes made since the last call. */
  #settle(): void {
    if (this.#placed > 0) {
      this.#holders.count(this.#placedFor, this.#placed);
      this.#placed = 0;
    }
    const moved = this.#moved;
    if (moved === 0) return;
    this.#moved = 0;
    this.#interned.retain(this.#to, moved);
    this.#interned.release(this.#from, moved);
    if (this.#step !== 0) this.#holders.count(this.#holder, moved * this.#step);
    for (const other of this.#lost) this.#holders.count(other, -moved);
  }

  #place(tag: number, lo: number, hi: number, holder: number): number {
    let at = this.table.count < this.slab.capacity ? this.slab.allocate() : -1;
    const moved = at < 0;
    if (moved) {
      this.#settle();
      if (!this.#makeRoom()) {
        this.refused++;
        return -1;
      }
      at = this.slab.allocate();
      if (at < 0) return -1;
    }
    this.keys[2 * at] = lo;
    this.keys[2 * at + 1] = hi;
    this.sets[at] = holder + 1;
    this.#placed++;
    if (moved || this.table.mustGrow) this.table.insert(tag, at);
    else this.table.insertAt(this.#slot, tag, at);
    return at;
  }

  #free(at: number): void {
    this.table.remove(mixKey(this.secret, this.keys[2 * at]!, this.keys[2 * at + 1]!), at);
    this.sets[at] = EMPTY_SET;
    this.slab.freed(at);
  }

  /** Sweeps, and where that is not enough gives up the coldest region: blocks of one holder first. */
  #makeRoom(): boolean {
    const before = this.slab.live;
    while (this.sweep(1 << 16)) {}
    while (before - this.slab.live < REGION_SIZE / 8) {
      const first = this.slab.coldest();
      if (first < 0) return false;
      this.#evictRegion(first, true);
      if (before - this.slab.live < REGION_SIZE / 8) this.#evictRegion(first, false);
    }
    return true;
  }

  #evictRegion(first: number, singleOnly: boolean): void {
    for (let at = first + REGION_SIZE - 1; at >= first; at--) {
      const set = this.sets[at]!;
      if (set === EMPTY_SET || (singleOnly && this.#interned.size(set) > 1)) continue;
      this.assign(at, this.#giveUp(set));
    }
  }

  #readAhead(words: Uint32Array, from: number, left: number): void {
    const { slots, shift } = this.table;
    const n = Math.min(left, AHEAD);
    let sink = 0;
    for (let i = 0; i < n; i++) {
      const tag = mixKey(this.secret, words[2 * (from + i)]!, words[2 * (from + i) + 1]!);
      this.#tags[i] = tag;
      sink ^= slots[2 * (tag >>> shift)]!;
    }
    this.#tags[AHEAD] = sink;
  }

  #probe(tag: number, lo: number, hi: number): number {
    const { slots, mask, shift } = this.table;
    const { keys } = this;
    for (let i = tag >>> shift; ; i = (i + 1) & mask) {
      const handle = slots[2 * i + 1]!;
      const here = slots[2 * i] === tag && keys[2 * handle - 2] === lo && keys[2 * handle - 1] === hi;
      if (handle !== 0 && !here) continue;
      this.#slot = i;
      return handle - 1;
    }
  }
}
