/**
 * One place that serves requests: one engine replica, or one data-parallel rank of it where ranks are addressed apart.
 */
export interface Endpoint {
  /** Unique and stable: `host:port`, with `/dpN` where ranks are endpoints of their own. */
  readonly id: string;
  /** Small dense number, given by the fleet; reused after removal. Arrays and bitmaps over endpoints are indexed by it. */
  readonly slot: number;
  /** `http://host:port`, without a trailing slash. */
  readonly url: string;
  /** Names of the models and adapters it serves; empty while unknown. */
  readonly models: readonly string[];
  /** Rank that requests to this endpoint are pinned to; undefined lets the engine choose. */
  readonly dataParallelRank: number | undefined;
  /** Where the engine publishes KV events; undefined when it does not. */
  readonly kvEvents: KvEventAddress | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** Addresses of one engine's KV event sockets. */
export interface KvEventAddress {
  /** PUB socket, `tcp://host:port`. */
  readonly publish: string;
  /** ROUTER socket that answers replay requests. */
  readonly replay: string | undefined;
  /** Byte prefix of the topics to receive; empty receives all. */
  readonly topic: string;
}

/** How loaded an endpoint is: what its metrics said last, and what has been booked on it since. */
export interface EndpointLoad {
  /** Requests that wait in the engine's queue. */
  readonly waitingRequests: number;
  /** Requests that the engine runs. */
  readonly runningRequests: number;
  /** Share of KV blocks in use, 0 to 1. */
  readonly kvUtilization: number;
  /** KV blocks of the engine's pool; undefined while unknown. */
  readonly kvBlocksTotal: number | undefined;
  /** Tokens in one engine block; undefined while unknown. */
  readonly engineBlockSizeTokens: number | undefined;
  /** Clock time of the last good metrics; undefined before the first. */
  readonly updatedAtMs: number | undefined;
  /** How far the metrics can be trusted: 1 = fresh, falls towards 0 as they age. */
  readonly trust: number;
  /** Requests that we sent and that have not ended. */
  readonly inFlightRequests: number;
  /** Prompt tokens of in-flight requests that were not cached and whose first token has not come. */
  readonly inFlightPrefillTokens: number;
  /** Prompt and output tokens of in-flight requests that are decoding: the KV context they read each step. */
  readonly inFlightContextTokens: number;
}
