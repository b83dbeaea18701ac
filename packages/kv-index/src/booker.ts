import type { BlockKeys } from "@warmpath/contracts";
import type { Bookings } from "./bookings";
import { EMPTY_SET, type HolderSets } from "./holder-sets";
import { type Holders, MAX_HOLDERS } from "./holders";
import type { KeyStore } from "./key-store";

/** Books blocks that an endpoint will soon have. */
export class Booker {
  readonly #store: KeyStore;
  readonly #sets: HolderSets;
  readonly #holders: Holders;
  readonly #bookings: Bookings;
  readonly #members = new Uint16Array(MAX_HOLDERS);

  constructor(store: KeyStore, sets: HolderSets, holders: Holders, bookings: Bookings) {
    this.#store = store;
    this.#sets = sets;
    this.#holders = holders;
    this.#bookings = bookings;
  }

  /** See `KvIndex.book`. False when nothing could be booked. */
  book(slot: number, keys: BlockKeys, count: number, ttlMs: number): boolean {
    const n = Math.min(count, keys.count);
    if (n <= 0 || !(ttlMs > 0)) return true;
    const holder = this.#bookings.open(slot, ttlMs);
    if (holder < 0) return false;
    const weaker = this.#bookings.ofSlot(slot, holder);
    const start = this.#firstUncovered(slot, keys, n, weaker);
    this.#store.superseded = weaker;
    this.#store.hold(keys.words, start, n - start, holder, -1);
    this.#store.superseded = [];
    return true;
  }

  /** First block that the endpoint has neither by its events nor by a booking that lasts as long. */
  #firstUncovered(slot: number, keys: BlockKeys, count: number, weaker: readonly number[]): number {
    let last = EMPTY_SET;
    let at = -1;
    for (let i = 0; i < count; i++) {
      at = this.#store.locate(at + 1, keys.words[2 * i]!, keys.words[2 * i + 1]!);
      if (at < 0) return i;
      const set = this.#store.sets[at]!;
      if (set !== last && !this.#covers(set, slot, weaker)) return i;
      last = set;
    }
    return count;
  }

  #covers(set: number, slot: number, weaker: readonly number[]): boolean {
    const n = this.#sets.members(set, this.#members);
    for (let k = 0; k < n; k++) {
      const holder = this.#members[k]!;
      if (this.#holders.slotOf[holder] === slot && !weaker.includes(holder)) return true;
    }
    return false;
  }
}
