import type { Counter, Metrics } from "@warmpath/contracts";

/** Events and blocks that were not indexed as published, by reason. */
export const COUNTER_NAMES = [
  /** Blocks given up for want of room. */
  "evicted_blocks",
  /** Engine blocks forgotten for want of room; their endpoints are degraded. */
  "evicted_engine_blocks",
  /** Blocks or holders that could not be noted at all. */
  "refused",
  /** Store events that waited for a parent that did not come. */
  "orphans_dropped",
  /** Store events that waited and were attached. */
  "orphans_attached",
  /** Removals of blocks that are not known. */
  "unknown_removals",
  /** Placeholders for blocks that are not known. */
  "unknown_placeholders",
  /** Media with a name we do not know; taken as storage. */
  "unknown_media",
  /** Store events of cache groups that do not hold whole prefixes (sliding window, state space …). */
  "unsupported_cache_kind",
  /** Removals of cache groups that never stored anything here. */
  "unknown_group",
  /** Store events whose tokens do not fill their blocks. */
  "non_dense_spans",
  /** Blocks announced again by a full report, not counted as copies. */
  "reannounced_blocks",
  /** Engine hashes that came again with other tokens. */
  "hash_conflicts",
  /** Copies beyond what is counted. */
  "saturated_copies",
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];

/** Counts by reason, and tells the metrics. */
export class Counters {
  readonly values: Record<CounterName, number>;
  readonly #series = new Map<CounterName, Counter>();

  constructor(metrics: Metrics | undefined) {
    this.values = Object.fromEntries(COUNTER_NAMES.map((name) => [name, 0])) as Record<CounterName, number>;
    if (metrics === undefined) return;
    for (const reason of COUNTER_NAMES) {
      const help = "Blocks and events that the index did not take as published, by reason.";
      const options = { name: "warmpath_kv_index_incidents_total", help, labels: { reason } };
      this.#series.set(reason, metrics.counter(options));
    }
  }

  add(name: CounterName, value = 1): void {
    if (value === 0) return;
    this.values[name] += value;
    this.#series.get(name)?.add(value);
  }
}
