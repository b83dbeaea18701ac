export interface KvEventPublisherOptions {
  /** PUB socket, `tcp://host:port`; port 0 or `*` takes a free one. */
  readonly endpoint: string;
  /** ROUTER socket that answers replay requests; none without it. */
  readonly replayEndpoint?: string | undefined;
  /** First frame of every message. Default empty. */
  readonly topic?: string | undefined;
  /** Batches kept for replay. Default 10,000. */
  readonly bufferSteps?: number | undefined;
  /** Messages that may wait for a slow subscriber; those beyond are dropped without a word, as ZMQ does. Default 100,000. */
  readonly highWaterMark?: number | undefined;
  /** `bind` (default), or `connect` to a central subscriber. */
  readonly mode?: "bind" | "connect" | undefined;
  /** Form of replay answers: `topic` as vLLM 0.26 and later, `bare` as those before and SGLang. Default `topic`. */
  readonly replayForm?: "topic" | "bare" | undefined;
}

/** An engine's end of the event stream. */
export interface KvEventPublisher {
  /** Actual address of the PUB socket. */
  readonly endpoint: string;
  /** Actual address of the replay socket. */
  readonly replayEndpoint: string | undefined;
  /** Sequence number that the next batch gets. */
  readonly nextSequence: number;
  /** Publishes one batch and returns its sequence number. The bytes must not change afterwards. */
  publish(payload: Uint8Array): number;
  /** Failure injection: the next `count` batches take a number but are not sent, nor replayed with `fromReplay`. */
  dropNext(count: number, options?: { readonly fromReplay?: boolean }): void;
  /** Resolves when all that was published has been handed to the sockets. */
  flush(): Promise<void>;
  close(): Promise<void>;
}
