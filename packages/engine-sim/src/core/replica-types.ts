import type { StepTimeProfile } from "./step-time";

/** What the core needs to know of a request. Shells add fields of their own; the object itself is the identity. */
export interface ReplicaRequest {
  /** Tokens of the prompt, at least 1. */
  readonly promptTokens: number;
  /** Tokens that it generates before it finishes, at least 1. */
  readonly outputTokens: number;
  /** Computes the whole prompt even where blocks are cached, as vLLM does for prompt log-probabilities. */
  readonly skipPrefixCache?: boolean | undefined;
  /** Announces reused blocks in a store event too: vLLM's `kv_cache_report_mode: "full"`. */
  readonly reportReusedBlocks?: boolean | undefined;
}

/** Blocks of one request that became findable in one step. */
export interface ReplicaStored<R, K> {
  readonly kind: "stored";
  readonly request: R;
  /** Index of the first block in the request. */
  readonly firstBlock: number;
  readonly keys: readonly K[];
  /** Key of the block before the first; undefined at the start of the prompt. */
  readonly parent: K | undefined;
  /** True for the announcement of blocks that were cached before: no new copy. */
  readonly reused: boolean;
}

/** One copy of a block was evicted. */
export interface ReplicaRemoved<K> {
  readonly kind: "removed";
  readonly key: K;
}

/** The prefix cache was reset. */
export interface ReplicaCleared {
  readonly kind: "cleared";
}

export type ReplicaEvent<R, K> = ReplicaStored<R, K> | ReplicaRemoved<K> | ReplicaCleared;

/** How far a request is. Live: the replica changes it from step to step. */
export interface SequenceState<R> {
  readonly request: R;
  /** Tokens taken from the cache when it was first admitted; undefined before. */
  readonly cachedTokens: number | undefined;
  /** Output tokens so far. */
  readonly outputTokens: number;
  /** Tokens whose KV exists. */
  readonly computedTokens: number;
  readonly preemptions: number;
}

/** What one step did. The arrays are reused by the next step. */
export interface StepResult<R, K> {
  /** Milliseconds that the step took. */
  durationMs: number;
  /** Requests that left the waiting queue for the first time. */
  readonly admitted: SequenceState<R>[];
  /** Requests that got a token, in the order of the batch. */
  readonly sampled: SequenceState<R>[];
  /** The sampled requests whose last token this was; their blocks are free again. */
  readonly finished: SequenceState<R>[];
  /** Cache events in the order in which they happened. Not reused: the caller may keep it. */
  events: ReplicaEvent<R, K>[];
}

/** Sums since the start. */
export interface ReplicaCounters {
  steps: number;
  submitted: number;
  finished: number;
  aborted: number;
  preemptions: number;
  /** Tokens of prompts that were looked up in the prefix cache, and those found; first admissions only. */
  queriedTokens: number;
  hitTokens: number;
  /** Tokens whose KV was computed, again after preemptions included. */
  computedTokens: number;
  /** Computed tokens that a preemption or an abort threw away (they may be found in the cache again). */
  discardedTokens: number;
  /** Tokens found in the cache again after a preemption. */
  rehitTokens: number;
  generatedTokens: number;
  storedBlocks: number;
  removedBlocks: number;
}

/** Options of {@link createReplica}. */
export interface ReplicaOptions<R, K> {
  /** The engine's `num_gpu_blocks`; one of them is a placeholder. Default 19,208 (307,328 tokens in blocks of 16). */
  readonly blocks?: number | undefined;
  /** Tokens of one block. Default 16. */
  readonly blockSizeTokens?: number | undefined;
  /** Tokens that one step computes at most. Default 8192. */
  readonly maxBatchedTokens?: number | undefined;
  /** Requests that run at once. Default 256. */
  readonly maxSequences?: number | undefined;
  /** Step-time profile, or its name. Default `qwen3-32b-h100-tp2-2026`. */
  readonly profile?: string | StepTimeProfile | undefined;
  /** Key of full block `index` of a request. Called once a block, in order, when its tokens are known. */
  readonly hashBlock: (request: R, index: number, parent: K | undefined) => K;
}
