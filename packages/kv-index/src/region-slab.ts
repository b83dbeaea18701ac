/** Items of one region; the unit of reuse, age and eviction. */
export const REGION_SIZE = 1024;
const REGION_BITS = 10;

/** What a slab reads to know whether an item is free: the word at `i * stride + offset` is 0. */
export interface Occupancy {
  readonly words: Uint32Array;
  readonly stride: number;
  readonly offset: number;
}

/**
 * Places items in regions of an arena, in order, so that items allocated together stand together. Takes a fresh region
 * while the emptiest used one is mostly full, and the holes of the emptiest one otherwise.
 */
export class RegionSlab {
  /** Items in use. */
  live = 0;
  /** Grows by one with every store; regions remember when they were last used. */
  tick = 1;
  readonly capacity: number;
  readonly #occupancy: Occupancy;
  readonly #liveIn: Uint32Array;
  readonly #touched: Uint32Array;
  readonly #regions: number;
  #used = 0;
  #region = -1;
  #cursor = 0;
  #end = 0;

  constructor(occupancy: Occupancy, capacity: number) {
    this.#occupancy = occupancy;
    this.#regions = Math.max(4, Math.floor(capacity / REGION_SIZE));
    this.capacity = this.#regions * REGION_SIZE;
    this.#liveIn = new Uint32Array(this.#regions);
    this.#touched = new Uint32Array(new SharedArrayBuffer(4 * this.#regions));
  }

  /** Items below this index may be in use. */
  get highWater(): number {
    return this.#used * REGION_SIZE;
  }

  /** Index of a free item, now counted as used; -1 when room must be made first. The caller occupies it at once. */
  allocate(): number {
    const { words, stride, offset } = this.#occupancy;
    for (;;) {
      while (this.#cursor < this.#end) {
        const i = this.#cursor++;
        if (words[i * stride + offset] !== 0) continue;
        this.#liveIn[this.#region]!++;
        this.live++;
        return i;
      }
      if (!this.#nextRegion()) return -1;
    }
  }

  /** The item's word was just cleared. */
  freed(i: number): void {
    this.#liveIn[i >>> REGION_BITS]!--;
    this.live--;
  }

  /** Notes that the item's region is in use now. */
  touch(i: number): void {
    this.#touched[i >>> REGION_BITS] = this.tick;
  }

  /** First item of the region that was not used for the longest time and is not empty; -1 when there is none. */
  coldest(): number {
    let best = -1;
    for (let r = 0; r < this.#used; r++) {
      if (r === this.#region || this.#liveIn[r] === 0) continue;
      if (best < 0 || this.#touched[r]! < this.#touched[best]!) best = r;
    }
    return best < 0 ? -1 : best * REGION_SIZE;
  }

  #nextRegion(): boolean {
    let best = -1;
    for (let r = 0; r < this.#used; r++) {
      if (r !== this.#region && (best < 0 || this.#liveIn[r]! < this.#liveIn[best]!)) best = r;
    }
    const free = best < 0 ? 0 : REGION_SIZE - this.#liveIn[best]!;
    if (this.#used < this.#regions && free < REGION_SIZE / 4) best = this.#used++;
    // Thin holes would scatter runs; better to make room.
    else if (free < REGION_SIZE / 8) return false;
    this.#region = best;
    this.#cursor = best * REGION_SIZE;
    this.#end = this.#cursor + REGION_SIZE;
    this.#touched[best] = this.tick;
    return true;
  }
}
