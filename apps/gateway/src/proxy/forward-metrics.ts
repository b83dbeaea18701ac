import type { Counter, Gauge, Histogram, Metrics } from "@warmpath/contracts";

/** What is counted about forwarded requests. */
export interface ForwardMetrics {
  /** One more request is under way. */
  begin(): void;
  /** One is over. */
  end(): void;
  readonly ttftSeconds: Histogram;
  readonly durationSeconds: Histogram;
  readonly clientAborts: Counter;
  readonly cutAnswers: Counter;
  readonly promptTokens: Counter;
  readonly cachedTokens: Counter;
  readonly outputTokens: Counter;
  /** A model request was answered with this status. */
  answered(status: number): void;
  /** A request that breaks HTTP's rules, or its limits here, was answered with this status. */
  refused(status: number): void;
}

/** Registers the series of forwarded requests. */
export function createForwardMetrics(metrics: Metrics): ForwardMetrics {
  const counter = (name: string, help: string): Counter => metrics.counter({ name: `warmpath_gateway_${name}`, help });
  const histogram = (name: string, help: string): Histogram =>
    metrics.histogram({ name: `warmpath_gateway_${name}`, help });
  const inFlight: Gauge = metrics.gauge({ name: "warmpath_gateway_in_flight_requests", help: "Requests under way." });
  let underWay = 0;
  inFlight.set(0);
  return {
    begin: () => inFlight.set(++underWay),
    end: () => inFlight.set(--underWay),
    ttftSeconds: histogram("ttft_seconds", "From dispatch to the first byte of the answer's body."),
    durationSeconds: histogram("request_seconds", "From the whole request to the end of its answer."),
    clientAborts: counter("client_aborts_total", "Requests whose client left before the end of the answer."),
    cutAnswers: counter("cut_answers_total", "Answers that an engine broke off."),
    promptTokens: counter("prompt_tokens_total", "Prompt tokens as engines reported them."),
    cachedTokens: counter("cached_tokens_total", "Prompt tokens that engines reported as cached."),
    outputTokens: counter("output_tokens_total", "Output tokens as engines reported them."),
    answered: byStatus(metrics, "warmpath_gateway_answers_total", "Answers to model requests by HTTP status."),
    refused: byStatus(metrics, "warmpath_gateway_refused_total", "Requests refused as malformed HTTP, by HTTP status."),
  };
}

function byStatus(metrics: Metrics, name: string, help: string): (status: number) => void {
  const counters: (Counter | undefined)[] = [];
  return (status) => {
    counters[status] ??= metrics.counter({ name, help, labels: { status: String(status) } });
    counters[status].add();
  };
}
