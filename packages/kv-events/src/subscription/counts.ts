import type { Counter, Metrics } from "@warmpath/contracts";

/** What is counted, and the help text of its metric. */
const HELP = {
  batches: "KV event batches applied.",
  events: "KV events applied.",
  duplicates: "KV event batches that came again and were dropped.",
  gaps: "Times that a sequence number was skipped.",
  lostBatches: "KV event batches that were never seen.",
  replays: "Replays asked for.",
  replayFailures: "Replays that were not answered in time.",
  restarts: "Times that an engine was found to have started anew.",
  disconnects: "Connections to KV event sockets lost.",
  malformedEvents: "KV events that could not be decoded.",
  malformedBatches: "Payloads that were no KV event batch.",
  malformedMessages: "Messages that were no KV event message.",
  bufferOverflows: "Live batches pushed out while a replay ran.",
  sinkErrors: "Batches on which the index threw.",
} as const;

export type CountName = keyof typeof HELP;

/** The counts of one subscription, kept for its state and, where wanted, as metrics. */
export class Counts {
  readonly values: Record<CountName, number>;
  readonly #counters: Partial<Record<CountName, Counter>> = {};

  constructor(metrics: Metrics | undefined, address: string) {
    const names = Object.keys(HELP) as CountName[];
    this.values = Object.fromEntries(names.map((name) => [name, 0])) as Record<CountName, number>;
    if (!metrics) return;
    for (const name of names) {
      this.#counters[name] = metrics.counter({ name: metricName(name), help: HELP[name], labels: { address } });
    }
  }

  add(name: CountName, value = 1): void {
    if (value === 0) return;
    this.values[name] += value;
    this.#counters[name]?.add(value);
  }
}

/** `lostBatches` → `warmpath_kv_events_lost_batches_total`; the events themselves: `warmpath_kv_events_total`. */
function metricName(name: CountName): string {
  if (name === "events") return "warmpath_kv_events_total";
  return `warmpath_kv_events_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`;
}
