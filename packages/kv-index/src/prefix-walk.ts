import { type BlockKeys, type PrefixMatches, TIER_COUNT } from "@warmpath/contracts";
import { mixKey } from "./hash-secret";
import { EMPTY_SET, type HolderSets } from "./holder-sets";
import { type Holders, MAX_HOLDERS, NO_SLOT } from "./holders";
import type { KeyStore } from "./key-store";
import { growMatches, hasRoom } from "./matches";
import { NO_ROW, RowTemplate } from "./row-template";

/** Row templates kept; a power of two. */
const TEMPLATES = 8;

/**
 * Walks a prompt's keys and counts, for every endpoint that holds the first block, how far it follows. Rows are made at
 * the first block; where the holders change, the endpoints that go on are noted and the others keep what they have.
 * One object serves one thread.
 */
export class PrefixWalk {
  readonly #store: KeyStore;
  readonly #sets: HolderSets;
  readonly #holders: Holders;
  readonly #templates: readonly RowTemplate[];
  /** Rows of the walk's first set; undefined when that is a single holder, in slot `#only`. */
  #template: RowTemplate | undefined;
  #only = NO_SLOT;
  /** Rows that still follow; all of them while `#all` is true. */
  readonly #alive: Uint32Array;
  #aliveCount = 0;
  #all = false;
  /** By row: fastest tier in the current run. */
  readonly #tier: Uint8Array;
  /** By row: number of the last intersection that met it. */
  readonly #met: Float64Array;
  #meeting = 0;
  readonly #members = new Uint16Array(MAX_HOLDERS);

  constructor(store: KeyStore, sets: HolderSets, holders: Holders, maxEndpoints: number) {
    this.#store = store;
    this.#sets = sets;
    this.#holders = holders;
    this.#templates = Array.from({ length: TEMPLATES }, () => new RowTemplate(maxEndpoints));
    this.#alive = new Uint32Array(maxEndpoints);
    this.#tier = new Uint8Array(maxEndpoints);
    this.#met = new Float64Array(maxEndpoints);
  }

  /** See `KvIndex.lookup`. */
  lookup(keys: BlockKeys, into: PrefixMatches): void {
    into.count = 0;
    if (keys.count === 0) return;
    const store = this.#store;
    const { keys: held, sets, slab } = store;
    const { words, count } = keys;
    let at = store.find(words[0]!, words[1]!);
    if (at < 0) return;
    slab.touch(at);
    let set = sets[at]!;
    if (set <= MAX_HOLDERS && this.#holders.slotOf[set - 1] === NO_SLOT) return;
    let from = 0;
    let first = true;
    let i = 1;
    for (; i < count; i++) {
      const lo = words[2 * i]!;
      const hi = words[2 * i + 1]!;
      const next = at + 1;
      let there = sets[next];
      if (held[2 * next] === lo && held[2 * next + 1] === hi && there !== undefined && there !== EMPTY_SET) at = next;
      else {
        at = this.#probe(lo, hi);
        if (at < 0) break;
        slab.touch(at);
        there = sets[at]!;
      }
      if (there === set) continue;
      if (first) this.#open(set, i, into);
      else this.#add(i - from, into);
      first = false;
      from = i;
      set = there;
      if (this.#follow(set) === 0) return;
    }
    if (first) this.#open(set, i, into);
    else this.#add(i - from, into);
  }

  #probe(lo: number, hi: number): number {
    const { table, keys, secret } = this.#store;
    const tag = mixKey(secret, lo, hi);
    const { slots, mask, shift } = table;
    for (let s = tag >>> shift; ; s = (s + 1) & mask) {
      const handle = slots[2 * s + 1]!;
      if (handle === 0) return -1;
      if (slots[2 * s] === tag && keys[2 * handle - 2] === lo && keys[2 * handle - 1] === hi) return handle - 1;
    }
  }

  /** Makes the rows of the first set at the depth where it ends. */
  #open(set: number, depth: number, into: PrefixMatches): void {
    if (set <= MAX_HOLDERS) this.#openSingle(set - 1, depth, into);
    else this.#openMany(set, depth, into);
    this.#all = true;
  }

  #openSingle(holder: number, depth: number, into: PrefixMatches): void {
    if (!hasRoom(into, 1)) growMatches(into, 1);
    const slot = this.#holders.slotOf[holder]!;
    const tier = this.#holders.tierOf[holder]!;
    into.count = 1;
    into.slots[0] = slot;
    into.blocks[0] = depth;
    into.tierBlocks[0] = 0;
    into.tierBlocks[1] = 0;
    into.tierBlocks[2] = 0;
    into.tierBlocks[tier] = depth;
    this.#only = slot;
    this.#template = undefined;
  }

  #openMany(set: number, depth: number, into: PrefixMatches): void {
    const template = this.#templates[(set ^ (set >>> 3)) & (TEMPLATES - 1)]!;
    template.prepare(set, this.#sets, this.#holders, this.#members);
    template.copy(depth, into);
    this.#template = template;
  }

  /** Keeps those that are in `set` too, with their tier there. Returns how many. */
  #follow(set: number): number {
    const before = this.#all ? -1 : this.#meeting;
    const meeting = ++this.#meeting;
    this.#all = false;
    this.#aliveCount = 0;
    if (set <= MAX_HOLDERS) this.#meet(set - 1, before, meeting);
    else {
      const { lists } = this.#sets;
      const from = this.#sets.listStart(set);
      const end = from + this.#sets.size(set);
      for (let k = from; k < end; k++) this.#meet(lists[k]!, before, meeting);
    }
    return this.#aliveCount;
  }

  #meet(holder: number, before: number, meeting: number): void {
    const slot = this.#holders.slotOf[holder]!;
    if (slot === NO_SLOT) return;
    const template = this.#template;
    const row = template !== undefined ? template.rowOf[slot]! : this.#only === slot ? 0 : NO_ROW;
    if (row === NO_ROW) return;
    const tier = this.#holders.tierOf[holder]!;
    const met = this.#met[row]!;
    if (met === meeting) {
      if (tier < this.#tier[row]!) this.#tier[row] = tier;
    } else if (before < 0 || met === before) {
      this.#met[row] = meeting;
      this.#tier[row] = tier;
      this.#alive[this.#aliveCount++] = row;
    }
  }

  /** The rows that follow have `length` blocks more. */
  #add(length: number, into: PrefixMatches): void {
    for (let k = 0; k < this.#aliveCount; k++) {
      const row = this.#alive[k]!;
      into.blocks[row]! += length;
      into.tierBlocks[row * TIER_COUNT + this.#tier[row]!]! += length;
    }
  }
}
