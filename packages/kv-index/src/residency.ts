import type { Tier } from "@warmpath/contracts";
import type { EngineBlocks } from "./engine-blocks";
import type { Holders } from "./holders";
import type { HoldTrace, KeyStore } from "./key-store";
import { holderOf, type Source } from "./sources";

/** Keys of a block that are taken at a time. */
const CHUNK = 256;

/**
 * Keeps what a source holds in line with the copies of its engine blocks. A key inside one block is held while the block
 * is there; a key that several blocks share is held while all of them are.
 */
export class Residency {
  readonly #store: KeyStore;
  readonly #holders: Holders;
  readonly #blocks: EngineBlocks;
  readonly #copy = new Uint32Array(2 * CHUNK);
  readonly #trace: HoldTrace = { positions: new Int32Array(CHUNK), had: new Uint8Array(CHUNK) };

  constructor(store: KeyStore, holders: Holders, blocks: EngineBlocks) {
    this.#store = store;
    this.#holders = holders;
    this.#blocks = blocks;
  }

  /** The source's holder in a tier, made where it is new; -1 when all are taken. */
  holder(source: Source, tier: Tier): number {
    const known = holderOf(source, tier);
    if (known >= 0) return known;
    let made = this.#holders.create(source.slot, tier);
    if (made < 0) {
      while (this.#store.sweep(1 << 16)) {}
      made = this.#holders.create(source.slot, tier);
    }
    source.holders[tier] = made;
    return made;
  }

  /** The block has its first copy in the tier: its own keys are held. Shared ones: `share`. */
  arrive(source: Source, tier: Tier, block: number): void {
    const holder = this.holder(source, tier);
    const blocks = this.#blocks;
    const shared = this.sharedKeys(block);
    const start = blocks.keyStart(block) + 2 * shared;
    const count = blocks.keyCount(block) - shared;
    if (holder < 0) return;
    for (let k = 0; k < count; k += CHUNK)
      this.#holdSome(source, tier, block, start + 2 * k, Math.min(CHUNK, count - k));
  }

  #holdSome(source: Source, tier: Tier, block: number, start: number, count: number): void {
    const words = this.#blocks.keyWords(block);
    for (let i = 0; i < 2 * count; i++) this.#copy[i] = words[start + i]!;
    const last = this.#store.hold(this.#copy, 0, count, source.holders[tier]!, this.#blocks.hint(block), this.#trace);
    if (last >= 0) this.#blocks.setHint(block, last);
    const own = this.uniqueKeys(block);
    for (let i = 0; i < count - own; i++) {
      if (this.#trace.had[i] === 1) this.addExtra(source, tier, this.#copy[2 * i]!, this.#copy[2 * i + 1]!);
    }
  }

  /** Keys, from the end, that no other block of the source can have: the last, where the block ends with it. */
  uniqueKeys(block: number): number {
    return this.#blocks.tailCount(block) === 0 ? 1 : 0;
  }

  /** Keys, from the start, that blocks before this one have a part of. */
  sharedKeys(block: number): number {
    return this.#blocks.head(block) > 0 && this.#blocks.keyCount(block) > 0 ? 1 : 0;
  }

  /** One more block of the source has a key that is held already. */
  addExtra(source: Source, tier: Tier, lo: number, hi: number): void {
    const known = this.#blocks.findExtra(source, lo, hi);
    const extra = known >= 0 ? known : this.#blocks.createExtra(source, lo, hi);
    // Without room the key goes with the first block that goes.
    if (extra >= 0) this.#blocks.addCopy(extra, tier);
  }

  /** The block's last copy in the tier is gone: none of its keys is held on its account. */
  depart(source: Source, tier: Tier, block: number): void {
    const blocks = this.#blocks;
    if (holderOf(source, tier) < 0) return;
    const words = blocks.keyWords(block);
    const start = blocks.keyStart(block);
    if (!blocks.hasSide(block)) {
      this.#store.dropAt(blocks.hint(block), words[start]!, words[start + 1]!, holderOf(source, tier));
      return;
    }
    const unique = blocks.keyCount(block) - this.uniqueKeys(block);
    let hint = blocks.hint(block);
    for (let k = blocks.keyCount(block) - 1; k >= this.sharedKeys(block); k--) {
      hint = this.#release(source, tier, words[start + 2 * k]!, words[start + 2 * k + 1]!, k < unique, hint);
    }
    this.share(source, tier, block);
  }

  /** A block has a key no more. Returns where the key before it is likely to be. */
  #release(source: Source, tier: Tier, lo: number, hi: number, mayBeShared: boolean, hint: number): number {
    if (mayBeShared && this.#takeExtra(source, tier, lo, hi)) return hint - 1;
    const at = this.#store.dropAt(hint, lo, hi, holderOf(source, tier));
    return at < 0 ? -1 : at - 1;
  }

  #takeExtra(source: Source, tier: Tier, lo: number, hi: number): boolean {
    const extra = this.#blocks.findExtra(source, lo, hi);
    if (extra < 0 || this.#blocks.copies(extra, tier) === 0) return false;
    this.#blocks.removeCopy(extra, tier);
    this.#blocks.destroy(extra);
    return true;
  }

  /** Brings the block's first key in line, where blocks before it share that key, and those of blocks after it. */
  share(source: Source, tier: Tier, block: number): void {
    if (this.sharedKeys(block) > 0) this.#settleShared(source, tier, block);
    this.shareChildren(source, tier, block);
  }

  shareChildren(source: Source, tier: Tier, block: number): void {
    const blocks = this.#blocks;
    for (let child = blocks.firstChild(block); child >= 0; child = blocks.nextSibling(child)) {
      if (blocks.keyCount(child) > 0) this.#settleShared(source, tier, child);
      else this.shareChildren(source, tier, child);
    }
  }

  #settleShared(source: Source, tier: Tier, block: number): void {
    const blocks = this.#blocks;
    blocks.renew(block, source);
    const whole = this.#isWhole(source, tier, block);
    if (whole === blocks.holdsShared(block, tier)) return;
    const words = blocks.keyWords(block);
    const start = blocks.keyStart(block);
    const [lo, hi] = [words[start]!, words[start + 1]!];
    if (whole) {
      const holder = this.holder(source, tier);
      if (holder < 0) return;
      this.#copy[0] = lo;
      this.#copy[1] = hi;
      this.#store.hold(this.#copy, 0, 1, holder, -1, this.#trace);
      if (this.#trace.had[0] === 1) this.addExtra(source, tier, lo, hi);
    } else this.#release(source, tier, lo, hi, true, -1);
    blocks.setHoldsShared(block, tier, whole);
  }

  /** Whether every block that has a part of the block's first key has a copy in the tier. */
  #isWhole(source: Source, tier: Tier, block: number): boolean {
    const blocks = this.#blocks;
    let at = block;
    for (;;) {
      blocks.renew(at, source);
      if (blocks.copies(at, tier) === 0) return false;
      if (at !== block && blocks.keyCount(at) > 0) return true;
      if (blocks.head(at) === 0) return true;
      at = blocks.parent(at);
      if (at < 0) return false;
    }
  }
}
