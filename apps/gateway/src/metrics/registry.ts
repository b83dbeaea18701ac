import type { Counter, Gauge, Histogram, MetricOptions, Metrics } from "@warmpath/contracts";
import { WarmpathError } from "@warmpath/contracts";
import { HistogramSeries, NumberSeries, type Series } from "./series";

type Kind = "counter" | "gauge" | "histogram";

interface Family {
  readonly kind: Kind;
  readonly help: string;
  readonly series: Map<string, Series>;
}

/** Upper bounds in seconds where a histogram names none. */
const DEFAULT_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Metrics of one process, written in Prometheus' text format 0.0.4. */
export class MetricsRegistry implements Metrics {
  readonly #families = new Map<string, Family>();
  readonly #collectors: (() => void)[] = [];

  counter(options: MetricOptions): Counter {
    return this.#series(options, "counter", () => new NumberSeries());
  }

  gauge(options: MetricOptions): Gauge {
    return this.#series(options, "gauge", () => new NumberSeries());
  }

  histogram(options: MetricOptions): Histogram {
    return this.#series(options, "histogram", () => new HistogramSeries(options.buckets ?? DEFAULT_BUCKETS));
  }

  /** Calls `collector` before each `render`, for gauges that are read rather than kept. */
  onCollect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  /** The text of a scrape. */
  render(): string {
    for (const collector of this.#collectors) collector();
    const out: string[] = [];
    for (const [name, family] of this.#families) {
      out.push(`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.kind}`);
      for (const [labels, series] of family.series) series.write(out, name, labels);
    }
    return out.length === 0 ? "" : `${out.join("\n")}\n`;
  }

  #series<T extends Series>(options: MetricOptions, kind: Kind, create: () => T): T {
    let family = this.#families.get(options.name);
    if (family === undefined) {
      family = { kind, help: options.help, series: new Map() };
      this.#families.set(options.name, family);
    }
    if (family.kind !== kind) {
      throw new WarmpathError("internal_error", `Metric ${options.name} is a ${family.kind}, not a ${kind}.`);
    }
    const labels = labelText(options.labels);
    const found = family.series.get(labels);
    if (found !== undefined) return found as T;
    const series = create();
    family.series.set(labels, series);
    return series;
  }
}

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(",");
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function escapeHelp(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
}
