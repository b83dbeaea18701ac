import type { Counter, Histogram, Metrics } from "@warmpath/contracts";

/** Counts by one label, as metrics and as plain numbers. */
export class LabelledCounts {
  readonly #counts: Record<string, number> = {};
  readonly #counters = new Map<string, Counter>();

  constructor(
    private readonly metrics: Metrics | undefined,
    private readonly name: string,
    private readonly label: string,
    private readonly help: string,
  ) {}

  add(value: string): void {
    this.#counts[value] = (this.#counts[value] ?? 0) + 1;
    if (!this.metrics) return;
    let counter = this.#counters.get(value);
    if (!counter) {
      counter = this.metrics.counter({ name: this.name, help: this.help, labels: { [this.label]: value } });
      this.#counters.set(value, counter);
    }
    counter.add();
  }

  snapshot(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }
}

/** What the director counts about itself. */
export class DirectorMetrics {
  decisions = 0;
  failOvers = 0;
  readonly degraded: LabelledCounts;
  readonly reasons: LabelledCounts;
  readonly #decideSeconds: Histogram | undefined;
  readonly #failOvers: Counter | undefined;

  constructor(metrics: Metrics | undefined) {
    this.degraded = new LabelledCounts(metrics, "warmpath_degraded_total", "step", "Steps down taken while deciding.");
    this.reasons = new LabelledCounts(metrics, "warmpath_decisions_total", "reason", "Decisions, by what decided.");
    this.#failOvers = metrics?.counter({ name: "warmpath_fail_overs_total", help: "Requests moved off an endpoint." });
    this.#decideSeconds = metrics?.histogram({
      name: "warmpath_decide_seconds",
      help: "Time from request to decision, tokenization included.",
      buckets: [0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1],
    });
  }

  decided(reason: string, degraded: readonly string[], decideMs: number): void {
    this.decisions++;
    this.reasons.add(reason);
    for (const step of degraded) this.degraded.add(step);
    this.#decideSeconds?.observe(decideMs / 1000);
  }

  failedOver(): void {
    this.failOvers++;
    this.#failOvers?.add();
  }
}
