import type { BlocksStored, Tier } from "@warmpath/contracts";
import type { Source } from "./sources";

/** A store event that waits for its parent. */
export interface Orphan {
  readonly source: Source;
  readonly event: BlocksStored;
  readonly sinceMs: number;
  /** What was removed meanwhile. */
  readonly removed: { readonly lo: number; readonly hi: number; readonly tier: Tier }[];
}

/** Limits of waiting events. */
export interface OrphanLimits {
  readonly ttlMs: number;
  readonly maxOrphans: number;
  readonly maxBytes: number;
}

/** Holds store events whose parent is unknown for a bounded time, in bounded number and size; the oldest go first. */
export class Orphans {
  readonly #limits: OrphanLimits;
  /** By source, parent hash; in order of arrival. */
  readonly #waiting = new Map<string, Orphan[]>();
  /** Where a waiting block is, by source and hash. */
  readonly #blocks = new Map<string, Orphan>();
  #queue: Orphan[] = [];
  readonly #gone = new Set<Orphan>();
  #bytes = 0;
  #count = 0;

  constructor(limits: OrphanLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes an event in; returns those that were dropped for it. */
  add(source: Source, event: BlocksStored, nowMs: number): readonly Orphan[] {
    const orphan: Orphan = { source, event, sinceMs: nowMs, removed: [] };
    const { lo, hi } = event.parentHash!;
    const key = keyOf(source, lo, hi);
    const siblings = this.#waiting.get(key);
    if (siblings === undefined) this.#waiting.set(key, [orphan]);
    else siblings.push(orphan);
    this.#eachHash(orphan, (name) => this.#blocks.set(name, orphan));
    this.#queue.push(orphan);
    this.#count++;
    this.#bytes += sizeOf(event);
    return this.expire(nowMs);
  }

  /** Drops what is too old or too much. */
  expire(nowMs: number): readonly Orphan[] {
    const { ttlMs, maxOrphans, maxBytes } = this.#limits;
    const dropped: Orphan[] = [];
    while (this.#queue.length > 0) {
      const oldest = this.#queue[0]!;
      if (!this.#gone.delete(oldest)) {
        const fits = this.#count <= maxOrphans && this.#bytes <= maxBytes;
        if (fits && nowMs - oldest.sinceMs < ttlMs) break;
        this.#forget(oldest);
        dropped.push(oldest);
      }
      this.#queue.shift();
    }
    return dropped;
  }

  /** Events that wait for this block; they wait no more. */
  take(source: Source, lo: number, hi: number): readonly Orphan[] {
    const found = this.#waiting.get(keyOf(source, lo, hi));
    if (found === undefined) return [];
    for (const orphan of [...found]) {
      this.#forget(orphan);
      this.#gone.add(orphan);
    }
    return found;
  }

  /** Notes that a waiting block was removed; false when no such block waits. */
  remove(source: Source, tier: Tier, lo: number, hi: number): boolean {
    const orphan = this.#blocks.get(keyOf(source, lo, hi));
    if (orphan === undefined) return false;
    orphan.removed.push({ lo, hi, tier });
    return true;
  }

  /** Drops all of a source. */
  clear(source: Source): void {
    for (const orphan of this.#queue) {
      if (orphan.source !== source || this.#gone.has(orphan)) continue;
      this.#forget(orphan);
      this.#gone.add(orphan);
    }
    this.#queue = this.#queue.filter((orphan) => !this.#gone.delete(orphan));
  }

  #forget(orphan: Orphan): void {
    const { lo, hi } = orphan.event.parentHash!;
    const key = keyOf(orphan.source, lo, hi);
    const rest = (this.#waiting.get(key) ?? []).filter((other) => other !== orphan);
    if (rest.length === 0) this.#waiting.delete(key);
    else this.#waiting.set(key, rest);
    this.#eachHash(orphan, (name) => {
      if (this.#blocks.get(name) === orphan) this.#blocks.delete(name);
    });
    this.#count--;
    this.#bytes -= sizeOf(orphan.event);
  }

  #eachHash(orphan: Orphan, visit: (name: string) => void): void {
    const { blockHashes } = orphan.event;
    for (let i = 0; i < blockHashes.length; i += 2) {
      visit(keyOf(orphan.source, blockHashes[i]!, blockHashes[i + 1]!));
    }
  }
}

function keyOf(source: Source, lo: number, hi: number): string {
  return `${source.id},${lo},${hi}`;
}

/** Bytes that an event holds on to, map entries included. */
function sizeOf(event: BlocksStored): number {
  return 4 * event.tokenIds.length + 160 * (event.blockHashes.length / 2) + 400;
}
