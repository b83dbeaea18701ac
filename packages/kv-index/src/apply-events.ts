import {
  type BlocksRemoved,
  type BlocksStored,
  type KvEvent,
  type KvEventBatch,
  type KvEventSource,
  TIER_COUNT,
  TIER_GPU,
  type Tier,
} from "@warmpath/contracts";
import type { Bookings } from "./bookings";
import type { Counters } from "./counters";
import type { EngineBlocks } from "./engine-blocks";
import type { EngineSpace } from "./engine-space";
import type { Holders } from "./holders";
import type { KeyStore } from "./key-store";
import { mediumOf } from "./media";
import type { ResolvedOptions } from "./options";
import type { Orphans } from "./orphans";
import { announcesAgain } from "./reannouncement";
import type { Residency } from "./residency";
import type { Source, Sources } from "./sources";
import type { StoreEvents } from "./store-events";

/** Cache groups whose blocks hold whole prefixes (kv-index.md 2.6). */
const WHOLE_PREFIX_KINDS: ReadonlySet<string> = new Set(["full_attention", "mla_attention", "sink_full_attention"]);

/** The parts of an index that events change. */
export interface EventParts {
  readonly options: ResolvedOptions;
  readonly counters: Counters;
  readonly holders: Holders;
  readonly store: KeyStore;
  readonly sources: Sources;
  readonly blocks: EngineBlocks;
  readonly residency: Residency;
  readonly space: EngineSpace;
  readonly storing: StoreEvents;
  readonly orphans: Orphans;
  readonly bookings: Bookings;
}

/** Applies event batches: decides what each event means and whom it concerns. */
export class ApplyEvents {
  readonly #parts: EventParts;
  /** Tokens per engine block, by slot. */
  readonly blockSizes = new Map<number, number>();
  /** Slots whose events could not be followed. */
  readonly degraded = new Set<number>();

  constructor(parts: EventParts) {
    this.#parts = parts;
  }

  apply(source: KvEventSource, batch: KvEventBatch): void {
    const { bookings, store, orphans, options } = this.#parts;
    const nowMs = options.clock.nowMs();
    bookings.expire(nowMs);
    if (orphans.count > 0) this.#dropOrphans(orphans.expire(nowMs));
    store.superseded = bookings.ofSlot(source.slot);
    const { events } = batch;
    for (let i = 0; i < events.length; i++) {
      const event = events[i]!;
      if (event.kind === "stored") this.#stored(source, event, events, i, nowMs);
      else if (event.kind === "removed") this.#removed(source, event);
      else this.#cleared(source);
    }
    store.superseded = [];
  }

  /** Something of the endpoint's blocks was lost; logged once until it is cleared. */
  lose(slot: number, why: string): void {
    if (this.degraded.has(slot)) return;
    this.degraded.add(slot);
    this.#parts.options.logger?.warn({ slot, why }, "the index does not follow all blocks of an endpoint");
  }

  /** Forgets what a publisher held, in every tier and group. */
  reset(source: KvEventSource): void {
    for (const one of this.#parts.sources.of(source)) this.#end(one);
    this.#parts.bookings.remove(source.slot);
    this.degraded.delete(source.slot);
  }

  /** Forgets all that an endpoint held. */
  removeEndpoint(slot: number): void {
    for (const one of [...this.#parts.sources.ofSlot(slot)]) this.#end(one);
    this.#parts.bookings.remove(slot);
    this.degraded.delete(slot);
    this.blockSizes.delete(slot);
  }

  #end(source: Source): void {
    for (let tier = 0; tier < TIER_COUNT; tier++) this.#endHolder(source, tier as Tier);
    this.#parts.orphans.clear(source);
    this.#parts.space.end(source);
  }

  #endHolder(source: Source, tier: Tier): void {
    const holder = source.holders[tier]!;
    if (holder >= 0) this.#parts.holders.end(holder);
    source.holders[tier] = -1;
  }

  /** `/reset_prefix_cache` empties the GPU's pool; hierarchical caches are emptied as a whole. */
  #cleared(source: KvEventSource): void {
    for (const one of this.#parts.sources.of(source)) {
      if (one.clearedWhole) this.#end(one);
      else {
        this.#endHolder(one, TIER_GPU);
        this.#parts.orphans.clear(one);
        this.#parts.space.clearGpu(one);
      }
    }
    this.degraded.delete(source.slot);
  }

  #stored(from: KvEventSource, event: BlocksStored, events: readonly KvEvent[], i: number, nowMs: number): void {
    const { counters, storing, options } = this.#parts;
    const group = event.groupIndex ?? 0;
    // Without a kind, group 0 is the one that full attention has.
    if (event.specKind === undefined ? group !== 0 : !WHOLE_PREFIX_KINDS.has(event.specKind)) {
      counters.add("unsupported_cache_kind");
      return;
    }
    const placeholder = event.tokenIds.length === 0;
    if (!placeholder && event.tokenIds.length !== (event.blockHashes.length / 2) * event.blockSizeTokens) {
      counters.add("non_dense_spans");
      return;
    }
    const medium = mediumOf(event.medium);
    if (!medium.known) counters.add("unknown_media");
    if (placeholder) {
      const known = this.#parts.sources.find(from, group);
      if (known === undefined) counters.add("unknown_placeholders", event.blockHashes.length / 2);
      else {
        known.clearedWhole ||= medium.clearedWithGpu && medium.tier !== TIER_GPU;
        storing.place(known, medium.tier, event.blockHashes);
      }
      return;
    }
    const source = this.#open(from, group);
    if (source === undefined) return;
    source.clearedWhole ||= medium.clearedWithGpu && medium.tier !== TIER_GPU;
    if (medium.tier === TIER_GPU) this.blockSizes.set(from.slot, event.blockSizeTokens);
    this.#store(source, medium.tier, event, announcesAgain(options.reannouncements, medium.tier, events, i), nowMs);
  }

  #open(from: KvEventSource, group: number): Source | undefined {
    const { sources, space, counters } = this.#parts;
    let source = sources.open(from, group);
    if (source === undefined) {
      space.sweepAll();
      source = sources.open(from, group);
    }
    if (source === undefined) counters.add("refused");
    return source;
  }

  #store(source: Source, tier: Tier, event: BlocksStored, again: boolean, nowMs: number): void {
    const { storing, orphans, counters } = this.#parts;
    const result = storing.store(source, tier, event, again);
    if (result === "refused") {
      counters.add("refused");
      this.lose(source.slot, "no room for a store event");
    } else if (result === "no-parent") this.#dropOrphans(orphans.add(source, event, nowMs));
    else if (orphans.count > 0) this.#attach(source, event, nowMs);
  }

  /** Stores the events that waited for one of these blocks, and takes off what was removed meanwhile. */
  #attach(source: Source, event: BlocksStored, nowMs: number): void {
    const { orphans, counters } = this.#parts;
    const { blockHashes } = event;
    for (let i = 0; i < blockHashes.length; i += 2) {
      for (const orphan of orphans.take(source, blockHashes[i]!, blockHashes[i + 1]!)) {
        counters.add("orphans_attached");
        this.#store(source, mediumOf(orphan.event.medium).tier, orphan.event, false, nowMs);
        for (const { lo, hi, tier } of orphan.removed) this.#removeOne(source, tier, lo, hi);
      }
    }
  }

  #dropOrphans(dropped: readonly { readonly source: Source }[]): void {
    this.#parts.counters.add("orphans_dropped", dropped.length);
    for (const { source } of dropped) this.lose(source.slot, "a store event's parent did not come");
  }

  #removed(from: KvEventSource, event: BlocksRemoved): void {
    const { sources, counters, blocks } = this.#parts;
    const source = sources.find(from, event.groupIndex ?? 0);
    if (source === undefined) {
      counters.add("unknown_group");
      return;
    }
    const { tier } = mediumOf(event.medium);
    const { blockHashes } = event;
    for (let i = 0; i < blockHashes.length; i += 2) {
      // vLLM sends one hash an event; there is nothing to read ahead then.
      if (i % 32 === 0 && blockHashes.length > 2) blocks.readAhead(source, blockHashes, i / 2);
      this.#removeOne(source, tier, blockHashes[i]!, blockHashes[i + 1]!);
    }
  }

  #removeOne(source: Source, tier: Tier, lo: number, hi: number): void {
    const { blocks, residency, orphans, counters } = this.#parts;
    const block = blocks.find(source, lo, hi);
    if (block < 0 || blocks.copies(block, tier) === 0) {
      if (orphans.count === 0 || !orphans.remove(source, tier, lo, hi)) counters.add("unknown_removals");
      return;
    }
    blocks.removeCopy(block, tier);
    if (blocks.copies(block, tier) > 0) return;
    residency.depart(source, tier, block);
    blocks.destroy(block);
  }
}
