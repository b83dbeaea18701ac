import {
  type BlockKeys,
  type KvEventBatch,
  type KvEventSink,
  type KvEventSource,
  type KvIndex,
  type KvIndexStats,
  type PrefixMatches,
  TIER_COUNT,
  type Tier,
} from "@warmpath/contracts";
import { ApplyEvents, type EventParts } from "./apply-events";
import { Booker } from "./booker";
import type { CounterName } from "./counters";
import { Gauges } from "./gauges";
import type { HolderSets } from "./holder-sets";
import { type KvIndexOptions, type ResolvedOptions, resolveKvIndexOptions } from "./options";
import { buildParts } from "./parts";
import { PrefixWalk } from "./prefix-walk";
import { isOf } from "./sources";

/** One engine block as the index knows it: its hash and copies in a tier. */
export interface EngineBlockCopies {
  readonly lo: number;
  readonly hi: number;
  readonly tier: Tier;
  readonly copies: number;
}

/** The index: looked up by the scheduler, fed by event streams. */
export interface KvIndexHandle extends KvIndex, KvEventSink {
  /** What one source holds, by the engine's own hashes; for audits. */
  engineBlocks(source: KvEventSource): Iterable<EngineBlockCopies>;
  /** (block, tier) entries of an endpoint, bookings included. */
  blocksOf(slot: number): number;
  /** True when events of the endpoint could not be followed since it was last cleared, reset or removed. */
  degraded(slot: number): boolean;
  /** Blocks and events that were not taken as published, by reason. */
  incidents(): Readonly<Record<CounterName, number>>;
  /**
   * Notes without an event that `slot` has `count` keys in a tier, from `words[2 · from]` on, in chain order. For
   * indexes fed by other means, and for benchmarks.
   */
  applyStored(slot: number, tier: Tier, words: Uint32Array, from: number, count: number): void;
  /** The opposite; keys in chain order or from the tail. */
  applyRemoved(slot: number, tier: Tier, words: Uint32Array, from: number, count: number): void;
  /** Stops timers. The index must not be used afterwards. */
  close(): void;
}

/** Positions and engine blocks looked at after each batch while there is something to clean. */
const SWEEP_PER_BATCH = 4096;

/** Makes an index. One thread writes and looks up. */
export function createKvIndex(options: KvIndexOptions): KvIndexHandle {
  return new TypedKvIndex(resolveKvIndexOptions(options));
}

class TypedKvIndex implements KvIndexHandle {
  readonly contractVersion = 1;
  readonly blockSizeTokens: number;
  readonly #maxBytes: number;
  readonly #fixedBytes: number;
  readonly #parts: EventParts;
  readonly #sets: HolderSets;
  readonly #walk: PrefixWalk;
  readonly #events: ApplyEvents;
  readonly #booker: Booker;
  readonly #gauges: Gauges | undefined;
  /** Holders of `applyStored`, by slot and tier. */
  readonly #direct = new Map<number, number>();

  constructor(options: ResolvedOptions) {
    this.blockSizeTokens = options.blockSizeTokens;
    this.#maxBytes = options.maxBytes;
    const made = buildParts(options, (slot) => this.#events.lose(slot, "engine blocks were given up for want of room"));
    this.#fixedBytes = made.fixedBytes;
    this.#sets = made.sets;
    this.#parts = made.parts;
    const { store, holders, bookings } = made.parts;
    this.#walk = new PrefixWalk(store, made.sets, holders, options.maxEndpoints);
    this.#events = new ApplyEvents(made.parts);
    this.#booker = new Booker(store, made.sets, holders, bookings);
    this.#gauges = options.metrics === undefined ? undefined : new Gauges(options.metrics);
  }

  lookup(keys: BlockKeys, into: PrefixMatches): void {
    this.#walk.lookup(keys, into);
  }

  book(slot: number, keys: BlockKeys, count: number, ttlMs: number): void {
    if (!this.#booker.book(slot, keys, count, ttlMs)) this.#parts.counters.add("refused");
    this.#tidy();
  }

  apply(source: KvEventSource, batch: KvEventBatch): void {
    this.#events.apply(source, batch);
    this.#tidy();
    this.#gauges?.set(this.stats());
  }

  reset(source: KvEventSource): void {
    this.#events.reset(source);
  }

  removeEndpoint(slot: number): void {
    this.#events.removeEndpoint(slot);
    for (let tier = 0; tier < TIER_COUNT; tier++) {
      const holder = this.#direct.get(slot * TIER_COUNT + tier);
      if (holder !== undefined) this.#parts.holders.end(holder);
      this.#direct.delete(slot * TIER_COUNT + tier);
    }
  }

  engineBlockSizeTokens(slot: number): number | undefined {
    return this.#events.blockSizes.get(slot);
  }

  stats(): KvIndexStats {
    const { store, blocks, holders, orphans, counters } = this.#parts;
    return {
      blocks: store.slab.live,
      holders: holders.total,
      bytes: this.#fixedBytes + store.bytes + this.#sets.bytes + blocks.bytes + orphans.bytes,
      maxBytes: this.#maxBytes,
      evictedBlocks: store.evicted + counters.values.evicted_engine_blocks,
      orphans: orphans.count,
    };
  }

  *engineBlocks(source: KvEventSource): Iterable<EngineBlockCopies> {
    const { sources, blocks } = this.#parts;
    for (let block = 0; block < blocks.slab.highWater; block++) {
      const owner = sources.byId(blocks.sourceId(block));
      if (owner === undefined || !isOf(owner, source) || blocks.isExtra(block)) continue;
      blocks.renew(block, owner);
      for (let tier = 0; tier < TIER_COUNT; tier++) {
        const copies = blocks.copies(block, tier as Tier);
        if (copies > 0) yield { lo: blocks.hashLo(block), hi: blocks.hashHi(block), tier: tier as Tier, copies };
      }
    }
  }

  blocksOf(slot: number): number {
    return this.#parts.holders.blocksOf(slot);
  }

  degraded(slot: number): boolean {
    return this.#events.degraded.has(slot);
  }

  incidents(): Readonly<Record<CounterName, number>> {
    const { store, counters } = this.#parts;
    const { refused, evicted_blocks } = counters.values;
    return { ...counters.values, refused: refused + store.refused, evicted_blocks: evicted_blocks + store.evicted };
  }

  applyStored(slot: number, tier: Tier, words: Uint32Array, from: number, count: number): void {
    const holder = this.#directHolder(slot, tier);
    if (holder >= 0) this.#parts.store.hold(words, from, count, holder, -1);
    this.#tidy();
  }

  applyRemoved(slot: number, tier: Tier, words: Uint32Array, from: number, count: number): void {
    const holder = this.#direct.get(slot * TIER_COUNT + tier);
    if (holder !== undefined) this.#parts.store.drop(words, from, count, holder);
  }

  close(): void {
    this.#parts.bookings.close();
  }

  #directHolder(slot: number, tier: Tier): number {
    const key = slot * TIER_COUNT + tier;
    const known = this.#direct.get(key);
    if (known !== undefined) return known;
    const made = this.#parts.holders.create(slot, tier);
    if (made >= 0) this.#direct.set(key, made);
    return made;
  }

  #tidy(): void {
    this.#parts.store.sweep(SWEEP_PER_BATCH);
    this.#parts.space.sweep(SWEEP_PER_BATCH);
  }
}
