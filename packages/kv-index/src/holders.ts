import type { Tier } from "@warmpath/contracts";

/** Slot of a holder that no longer counts. */
export const NO_SLOT = 0xffffffff;
/** Holders that may exist at once; their numbers fit 16 bits. */
export const MAX_HOLDERS = 65536;

/**
 * Numbers for whoever may hold blocks: one cache of one source in one tier, or one window of bookings of an endpoint.
 * Ending a holder is a single write, effective at once; its number returns when a sweep has passed over all blocks.
 */
export class Holders {
  /** Endpoint slot by holder; `NO_SLOT` when ended. */
  readonly slotOf = new Uint32Array(new SharedArrayBuffer(4 * MAX_HOLDERS)).fill(NO_SLOT);
  readonly tierOf = new Uint8Array(new SharedArrayBuffer(MAX_HOLDERS));
  /** Blocks that a holder has. */
  readonly blocks = new Uint32Array(MAX_HOLDERS);
  /** Grows whenever a holder ends: what was derived from sets before is void. */
  generation = 0;
  /** Blocks of all holders that count. */
  total = 0;
  #high = 0;
  readonly #free: number[] = [];
  #ended: number[] = [];
  #sweeping: number[] = [];

  /** A new holder; -1 when all numbers are taken. */
  create(slot: number, tier: Tier): number {
    const holder = this.#free.pop() ?? (this.#high < MAX_HOLDERS ? this.#high++ : -1);
    if (holder < 0) return -1;
    this.slotOf[holder] = slot;
    this.tierOf[holder] = tier;
    this.blocks[holder] = 0;
    return holder;
  }

  /** The holder has nothing any more. */
  end(holder: number): void {
    this.slotOf[holder] = NO_SLOT;
    this.total -= this.blocks[holder]!;
    this.blocks[holder] = 0;
    this.generation++;
    this.#ended.push(holder);
  }

  count(holder: number, change: number): void {
    if (this.slotOf[holder] === NO_SLOT) return;
    this.blocks[holder]! += change;
    this.total += change;
  }

  /** Blocks of all holders of an endpoint. */
  blocksOf(slot: number): number {
    let sum = 0;
    for (let holder = 0; holder < this.#high; holder++) if (this.slotOf[holder] === slot) sum += this.blocks[holder]!;
    return sum;
  }

  /** Ended holders that sets may still name. */
  get pending(): number {
    return this.#ended.length + this.#sweeping.length;
  }

  /** A sweep over all blocks begins: it will take out those that ended before now. */
  sweepBegins(): void {
    this.#sweeping = this.#ended;
    this.#ended = [];
  }

  /** The sweep is through: their numbers may be used again. */
  sweepEnds(): void {
    for (const holder of this.#sweeping) this.#free.push(holder);
    this.#sweeping = [];
  }
}
