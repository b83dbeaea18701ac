import type { Gauge, KvIndexStats, Metrics } from "@warmpath/contracts";

/** Shows the index's size. */
export class Gauges {
  readonly #blocks: Gauge;
  readonly #holders: Gauge;
  readonly #bytes: Gauge;
  readonly #maxBytes: Gauge;
  readonly #orphans: Gauge;

  constructor(metrics: Metrics) {
    const gauge = (name: string, help: string) => metrics.gauge({ name: `warmpath_kv_index_${name}`, help });
    this.#blocks = gauge("blocks", "Distinct block keys held.");
    this.#holders = gauge("holders", "Entries of block, endpoint and tier.");
    this.#bytes = gauge("bytes", "Memory of the index.");
    this.#maxBytes = gauge("max_bytes", "Memory that the index may use.");
    this.#orphans = gauge("orphans", "Store events that wait for an unknown parent.");
  }

  set(stats: KvIndexStats): void {
    this.#blocks.set(stats.blocks);
    this.#holders.set(stats.holders);
    this.#bytes.set(stats.bytes);
    this.#maxBytes.set(stats.maxBytes);
    this.#orphans.set(stats.orphans);
  }
}
