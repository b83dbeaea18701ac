import type { KvIndex } from "@warmpath/contracts";
import type { MetricsRegistry } from "./registry";

/** Series that are read at each scrape: this process, under the names that Prometheus clients give them. */
export function registerProcessMetrics(registry: MetricsRegistry): void {
  const cpu = registry.counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time of this process.",
  });
  let counted = 0;
  const resident = registry.gauge({ name: "process_resident_memory_bytes", help: "Resident memory of this process." });
  const started = registry.gauge({ name: "process_start_time_seconds", help: "Start of this process since 1970." });
  started.set(Math.round(Date.now() / 1000 - process.uptime()));
  registry.onCollect(() => {
    const { user, system } = process.cpuUsage();
    const seconds = (user + system) / 1e6;
    cpu.add(seconds - counted);
    counted = seconds;
    resident.set(process.memoryUsage.rss());
  });
}

/** Gauges that are read at each scrape: the index of cached blocks. */
export function registerIndexMetrics(registry: MetricsRegistry, index: KvIndex): void {
  const gauge = (name: string, help: string): ReturnType<MetricsRegistry["gauge"]> =>
    registry.gauge({ name: `warmpath_index_${name}`, help });
  const blocks = gauge("blocks", "Distinct block keys in the index.");
  const holders = gauge("holders", "Block, endpoint and tier entries in the index.");
  const bytes = gauge("memory_bytes", "Memory that the index uses.");
  const limit = gauge("memory_limit_bytes", "Memory that the index may use.");
  registry.onCollect(() => {
    const stats = index.stats();
    blocks.set(stats.blocks);
    holders.set(stats.holders);
    bytes.set(stats.bytes);
    limit.set(stats.maxBytes);
  });
}
