import type { Clock, KvEventAddress, KvEventSink, KvEventSource, Logger, Metrics, Random } from "@warmpath/contracts";
import type { MessageSource } from "../transport/message-source";

/** Options of `subscribeKvEvents`. */
export interface KvEventSubscribeOptions {
  readonly address: KvEventAddress;
  /** Whose events these are; handed on to the sink with each batch. */
  readonly source: KvEventSource;
  readonly sink: KvEventSink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Spreads reconnects; without it they come at fixed delays. */
  readonly random?: Random | undefined;
  readonly metrics?: Metrics | undefined;
  /** Default: ZMQ sockets. */
  readonly messageSource?: MessageSource | undefined;
  /** Told when `connected`, `replaying` or `degraded` changes. */
  readonly onState?: ((state: KvEventSubscriptionState) => void) | undefined;

  /** First delay before a reconnect in ms; it doubles up to the next. Default 100. */
  readonly reconnectMinMs?: number | undefined;
  /** Longest delay before a reconnect in ms. Default 5,000. */
  readonly reconnectMaxMs?: number | undefined;
  /** How long a connection may take in ms. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long a replay may stay silent in ms. Default 2,000. */
  readonly replayIdleMs?: number | undefined;
  /** How long a replay may take in ms. Default 120,000. */
  readonly replayTotalMs?: number | undefined;
  /** Attempts without a new batch before a replay counts as failed. Default 3. */
  readonly maxReplayAttempts?: number | undefined;
  /** How long no replay is tried after one failed, in ms; doubles up to ten times that. Default 30,000. */
  readonly replayCooldownMs?: number | undefined;
  /** First silence after which the engine is asked whether a batch was missed, in ms; it doubles up to 30 times that. 0 = never. Default 1,000. */
  readonly probeIdleMs?: number | undefined;
  /** Live messages held back while a replay runs. Default 10,000. */
  readonly maxBufferedMessages?: number | undefined;
  /** Their bytes. Default 64 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** Longest message in bytes. Default 32 MiB. */
  readonly maxMessageBytes?: number | undefined;
}

/** How a subscription fares. Counts never fall. */
export interface KvEventSubscriptionState {
  readonly connected: boolean;
  /** A replay runs; live batches wait for it. */
  readonly replaying: boolean;
  /** Events are known to be missing, so the index may lack blocks or hold some that are gone. */
  readonly degraded: boolean;
  /** Sequence number of the newest batch applied; undefined before the first. */
  readonly lastSequence: number | undefined;
  readonly batches: number;
  readonly events: number;
  /** Batches that came again and were dropped. */
  readonly duplicates: number;
  /** Times that a sequence number was skipped. */
  readonly gaps: number;
  /** Batches that were never seen. */
  readonly lostBatches: number;
  readonly replays: number;
  readonly replayFailures: number;
  /** Times that the engine was found to have started anew. */
  readonly restarts: number;
  /** Connections lost. */
  readonly disconnects: number;
  readonly malformedEvents: number;
  /** Payloads that were no batch. */
  readonly malformedBatches: number;
  /** Messages that were no event message. */
  readonly malformedMessages: number;
  /** Live batches pushed out of the full buffer. */
  readonly bufferOverflows: number;
  /** Times that the sink threw. */
  readonly sinkErrors: number;
}

/** A running subscription. */
export interface KvEventSubscription {
  /** A snapshot. */
  readonly state: KvEventSubscriptionState;
  /** Ends it and frees its sockets. The sink hears nothing afterwards. */
  close(): Promise<void>;
}
