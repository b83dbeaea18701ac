/**
 * Open addressing over a shared buffer: maps a 32-bit tag to a handle (a number below 2^32 - 1). Several handles may
 * share a tag; the caller tells them apart. Linear probing, the tag's upper bits are the home, deletion shifts back, so
 * there are no tombstones. Slot = tag, handle + 1 (0 = free).
 */
export class HashTable {
  /** Tag at 2i, handle + 1 at 2i + 1. Replaced when the table grows. */
  slots: Uint32Array;
  /** A tag's home is `tag >>> shift`. */
  shift: number;
  mask: number;
  count = 0;
  #bits: number;
  readonly #maxBits: number;

  constructor(bits: number, maxBits: number) {
    this.#bits = Math.min(bits, maxBits);
    this.#maxBits = maxBits;
    this.shift = 32 - this.#bits;
    this.mask = 2 ** this.#bits - 1;
    this.slots = new Uint32Array(new SharedArrayBuffer(8 << this.#bits));
  }

  get bytes(): number {
    return this.slots.byteLength;
  }

  /** Entries that fit before the largest table is three quarters full. */
  static capacity(bits: number): number {
    return Math.floor(0.75 * 2 ** bits);
  }

  /** Whether the next handle makes the table grow. */
  get mustGrow(): boolean {
    return this.count >= 0.7 * (this.mask + 1) && this.#bits < this.#maxBits;
  }

  /** Adds a handle. The table must not be at capacity. */
  insert(tag: number, handle: number): void {
    if (this.mustGrow) this.#grow();
    const { slots, mask } = this;
    let i = tag >>> this.shift;
    while (slots[2 * i + 1] !== 0) i = (i + 1) & mask;
    this.insertAt(i, tag, handle);
  }

  /** Adds a handle in the free slot that ended a probe for its tag. */
  insertAt(slot: number, tag: number, handle: number): void {
    this.slots[2 * slot] = tag;
    this.slots[2 * slot + 1] = handle + 1;
    this.count++;
  }

  /** Removes a handle where it is there. */
  remove(tag: number, handle: number): void {
    const { slots, mask, shift } = this;
    let i = tag >>> shift;
    while (slots[2 * i + 1] !== handle + 1) {
      if (slots[2 * i + 1] === 0) return;
      i = (i + 1) & mask;
    }
    this.removeAt(i);
  }

  /** Empties a slot. */
  removeAt(slot: number): void {
    const { slots, mask, shift } = this;
    let i = slot;
    let j = i;
    for (;;) {
      j = (j + 1) & mask;
      if (slots[2 * j + 1] === 0) break;
      const home = slots[2 * j]! >>> shift;
      // Move back only what may stand at i: its home is not between i and j.
      if (((j - home) & mask) < ((j - i) & mask)) continue;
      slots[2 * i] = slots[2 * j]!;
      slots[2 * i + 1] = slots[2 * j + 1]!;
      i = j;
    }
    slots[2 * i + 1] = 0;
    this.count--;
  }

  /** Doubles; the old table stands beside the new one for the length of this call, which the byte budget foresees. */
  #grow(): void {
    const old = this.slots;
    this.#bits++;
    this.shift = 32 - this.#bits;
    this.mask = 2 ** this.#bits - 1;
    const slots = new Uint32Array(new SharedArrayBuffer(8 << this.#bits));
    for (let s = 0; s < old.length; s += 2) {
      if (old[s + 1] === 0) continue;
      let i = old[s]! >>> this.shift;
      while (slots[2 * i + 1] !== 0) i = (i + 1) & this.mask;
      slots[2 * i] = old[s]!;
      slots[2 * i + 1] = old[s + 1]!;
    }
    this.slots = slots;
  }
}
