import { TIER_COUNT, type Tier } from "@warmpath/contracts";
import type { Counters } from "./counters";
import type { EngineBlocks } from "./engine-blocks";
import { REGION_SIZE } from "./region-slab";
import type { Residency } from "./residency";
import type { Source, Sources } from "./sources";

/** GPU clears of one source after which all its engine blocks must have been passed: epochs are counted modulo 256. */
const CLEARS_PER_SWEEP = 128;

/** Keeps room among the engine blocks: sweeps those that are void, gives up the coldest when there is no room. */
export class EngineSpace {
  readonly #blocks: EngineBlocks;
  readonly #sources: Sources;
  readonly #residency: Residency;
  readonly #counters: Counters;
  readonly #onLoss: (slot: number) => void;
  #sweepAt = -1;
  #wanted = false;

  constructor(
    blocks: EngineBlocks,
    sources: Sources,
    residency: Residency,
    counters: Counters,
    onLoss: (slot: number) => void,
  ) {
    this.#blocks = blocks;
    this.#sources = sources;
    this.#residency = residency;
    this.#counters = counters;
    this.#onLoss = onLoss;
  }

  /** All that a source had is void. */
  end(source: Source): void {
    this.#sources.end(source);
    this.#wanted = true;
  }

  /** What a source had in GPU memory is void. */
  clearGpu(source: Source): void {
    source.epoch = (source.epoch + 1) & 0xff;
    this.#wanted = true;
    if (source.epoch % CLEARS_PER_SWEEP === 0) this.sweepAll();
  }

  /** Passes over the next `count` engine blocks. Returns whether work is left. */
  sweep(count: number): boolean {
    if (this.#sweepAt < 0) {
      if (!this.#wanted) return false;
      this.#wanted = false;
      this.#sources.sweepBegins();
      this.#sweepAt = 0;
    }
    const end = Math.min(this.#sweepAt + count, this.#blocks.slab.highWater);
    for (let block = this.#sweepAt; block < end; block++) this.#pass(block);
    this.#sweepAt = end;
    if (end < this.#blocks.slab.highWater) return true;
    this.#sweepAt = -1;
    this.#sources.sweepEnds();
    return this.#wanted;
  }

  /** Finishes the sweep under way and makes another from the start. */
  sweepAll(): void {
    while (this.sweep(1 << 16)) {}
    this.#wanted = true;
    while (this.sweep(1 << 16)) {}
  }

  /** Makes room for new engine blocks; false when there is none to be made. */
  makeRoom(): boolean {
    const { slab } = this.#blocks;
    const before = slab.live;
    while (this.sweep(1 << 16)) {}
    while (before - slab.live < REGION_SIZE / 8) {
      const first = slab.coldest();
      if (first < 0 || this.#evictRegion(first) === 0) return before > slab.live;
    }
    return true;
  }

  #pass(block: number): void {
    const id = this.#blocks.sourceId(block);
    if (id === 0) return;
    const source = this.#sources.byId(id);
    if (source === undefined) this.#blocks.abandon(block);
    else {
      this.#blocks.renew(block, source);
      this.#blocks.destroy(block);
    }
  }

  #evictRegion(first: number): number {
    const before = this.#blocks.slab.live;
    for (let block = first + REGION_SIZE - 1; block >= first; block--) {
      const source = this.#sources.byId(this.#blocks.sourceId(block));
      if (source === undefined) continue;
      if (this.#blocks.isExtra(block)) this.#blocks.abandon(block);
      else this.#forget(source, block);
    }
    const freed = before - this.#blocks.slab.live;
    this.#counters.add("evicted_engine_blocks", freed);
    return freed;
  }

  #forget(source: Source, block: number): void {
    for (let tier = 0; tier < TIER_COUNT; tier++) this.release(source, tier as Tier, block);
    this.#blocks.destroy(block);
    this.#onLoss(source.slot);
  }

  /** Takes all copies of a block off a tier. */
  release(source: Source, tier: Tier, block: number): void {
    if (this.#blocks.copies(block, tier) === 0) return;
    this.#blocks.removeAllCopies(block, tier);
    this.#residency.depart(source, tier, block);
  }
}
