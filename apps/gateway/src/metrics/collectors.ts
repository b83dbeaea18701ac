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
