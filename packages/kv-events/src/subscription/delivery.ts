import type { KvEventBatch, KvEventSink, KvEventSource, Logger } from "@warmpath/contracts";
import { decodeKvEventBatch } from "../decode/batch";
import type { Counts } from "./counts";
import type { RawBatch } from "./live-buffer";

export interface DeliveryOptions {
  readonly source: KvEventSource;
  readonly sink: KvEventSink;
  readonly logger: Logger;
  readonly counts: Counts;
  readonly maxPayloadBytes: number;
}

/** Decodes batches, hands them to the sink, and remembers the newest. */
export class Delivery {
  /** The newest batch that was delivered; undefined before the first and after a reset. */
  last: RawBatch | undefined;
  /** Latest engine time of all batches delivered, in seconds. */
  latestSeconds = Number.NEGATIVE_INFINITY;
  readonly #options: DeliveryOptions;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Returns false where the batch's events did not reach the sink. */
  deliver(raw: RawBatch): boolean {
    this.last = raw;
    const batch = this.decode(raw);
    if (batch === undefined) {
      this.#options.counts.add("malformedBatches");
      this.#options.logger.warn({ sequence: raw.sequence }, "KV event batch cannot be decoded");
      return false;
    }
    if (batch.timestampSeconds > this.latestSeconds) this.latestSeconds = batch.timestampSeconds;
    const { counts } = this.#options;
    counts.add("batches");
    counts.add("events", batch.events.length);
    counts.add("malformedEvents", batch.malformedEvents);
    return this.#apply(batch);
  }

  /** Undefined where the payload is no batch. */
  decode(raw: RawBatch): KvEventBatch | undefined {
    try {
      return decodeKvEventBatch(raw.payload, { maxPayloadBytes: this.#options.maxPayloadBytes });
    } catch {
      return undefined;
    }
  }

  /** Has the sink forget all, and forgets itself. Returns false where the sink threw. */
  reset(): boolean {
    this.last = undefined;
    this.latestSeconds = Number.NEGATIVE_INFINITY;
    const { sink, source } = this.#options;
    return this.#guard(() => sink.reset(source));
  }

  #apply(batch: KvEventBatch): boolean {
    const { sink, source } = this.#options;
    return this.#guard(() => sink.apply(source, batch));
  }

  /** A sink that throws on one batch gets the next one all the same. */
  #guard(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#options.counts.add("sinkErrors");
      this.#options.logger.error({ err: error }, "KV event sink threw");
      return false;
    }
  }
}
