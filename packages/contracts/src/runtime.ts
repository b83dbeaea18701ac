/** Where time comes from. Production passes the system clock; simulations pass a virtual one. */
export interface Clock {
  /** Monotonic milliseconds, fractions allowed. Only differences mean something. */
  nowMs(): number;
  /** Runs `callback` once after `delayMs`. The returned function cancels it; cancelling twice is harmless. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** Where randomness comes from. Same seed, same decisions. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** A pino-compatible subset: fields first, message second. An error that was caught stands in the field `err`. */
export interface Logger {
  debug(fields: object, message?: string): void;
  info(fields: object, message?: string): void;
  warn(fields: object, message?: string): void;
  error(fields: object, message?: string): void;
}

/** A number that only grows. */
export interface Counter {
  add(value?: number): void;
}

/** A number that is set. */
export interface Gauge {
  set(value: number): void;
}

/** A distribution of observed values. */
export interface Histogram {
  observe(value: number): void;
}

/** What one series is called and means. */
export interface MetricOptions {
  /** Prometheus name, with the unit as suffix: `warmpath_kv_events_total`, `…_seconds`, `…_bytes`. */
  readonly name: string;
  readonly help: string;
  /** Fixed label values of this series. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Upper bounds of the buckets; histograms only. */
  readonly buckets?: readonly number[];
}

/** Where numbers about ourselves go. Asking twice for the same name and labels gives the same series. */
export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  histogram(options: MetricOptions): Histogram;
}
