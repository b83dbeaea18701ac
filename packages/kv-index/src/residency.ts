import type { Tier } from "@warmpath/contracts";
import type { EngineBlocks } from "./engine-blocks";
import type { Holders } from "./holders";
import type { KeyStore } from "./key-store";
import { holderOf, type Source } from "./sources";

/**
 * Keeps what a source holds in line with the copies of its engine blocks. A key inside one block is held while the block
 * is there; a key that several blocks share is held while all of them are.
 */
export class Residency {
  readonly #store: KeyStore;
  readonly #holders: Holders;
  readonly #blocks: EngineBlocks;

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
    const shared = this.#sharedKeys(block);
    const count = blocks.keyCount(block) - shared;
    if (holder < 0 || count <= 0) return;
    const last = this.#holdAt(blocks.keyWords(block), blocks.keyStart(block) + 2 * shared, count, holder);
    if (last >= 0) blocks.setHint(block, last);
  }

  /** The block's last copy in the tier is gone: none of its keys is held. */
  depart(source: Source, tier: Tier, block: number): void {
    const holder = holderOf(source, tier);
    const blocks = this.#blocks;
    if (holder < 0) return;
    const words = blocks.keyWords(block);
    const start = blocks.keyStart(block);
    let hint = blocks.hint(block);
    for (let k = blocks.keyCount(block) - 1; k >= 0; k--) {
      const at = this.#store.dropAt(hint, words[start + 2 * k]!, words[start + 2 * k + 1]!, holder);
      hint = at < 0 ? -1 : at - 1;
    }
    this.shareChildren(source, tier, block);
  }

  /** Brings the block's first key in line, where blocks before it share that key, and those of blocks after it. */
  share(source: Source, tier: Tier, block: number): void {
    if (this.#sharedKeys(block) > 0) this.#settleShared(source, tier, block);
    this.shareChildren(source, tier, block);
  }

  shareChildren(source: Source, tier: Tier, block: number): void {
    const blocks = this.#blocks;
    for (let child = blocks.firstChild(block); child >= 0; child = blocks.nextSibling(child)) {
      if (blocks.keyCount(child) > 0) this.#settleShared(source, tier, child);
      else this.shareChildren(source, tier, child);
    }
  }

  #sharedKeys(block: number): number {
    return this.#blocks.head(block) > 0 && this.#blocks.keyCount(block) > 0 ? 1 : 0;
  }

  #settleShared(source: Source, tier: Tier, block: number): void {
    const words = this.#blocks.keyWords(block);
    const start = this.#blocks.keyStart(block);
    if (this.#isWhole(source, tier, block)) {
      const holder = this.holder(source, tier);
      if (holder >= 0) this.#holdAt(words, start, 1, holder);
    } else if (holderOf(source, tier) >= 0) {
      this.#store.dropAt(-1, words[start]!, words[start + 1]!, holderOf(source, tier));
    }
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

  readonly #copy = new Uint32Array(512);

  /** Key words may stand at an odd address of their buffer, which `KeyStore.hold` does not take. */
  #holdAt(words: Uint32Array, start: number, count: number, holder: number): number {
    let last = -1;
    for (let done = 0; done < count; done += 256) {
      const n = Math.min(256, count - done);
      for (let i = 0; i < 2 * n; i++) this.#copy[i] = words[start + 2 * done + i]!;
      last = this.#store.hold(this.#copy, 0, n, holder, last);
    }
    return last;
  }
}
