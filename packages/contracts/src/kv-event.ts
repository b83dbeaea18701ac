/** 64-bit opaque engine hashes: low word at 2i, high word at 2i + 1. Byte hashes are cut to their last 8 bytes, big-endian. */
export type EngineHashes = Uint32Array;

/** One `extra_keys` entry of an engine block, as published: strings, or [identifier, offset] pairs. */
export type RawExtraKeys = readonly unknown[] | null;

/** Blocks became findable in a tier, in the order of the prompt. */
export interface BlocksStored {
  readonly kind: "stored";
  readonly blockHashes: EngineHashes;
  /** Undefined at the start of a prompt. */
  readonly parentHash: { readonly lo: number; readonly hi: number } | undefined;
  /** Tokens of all blocks; empty for placeholders of offload connectors, which only move known blocks to a tier. */
  readonly tokenIds: Uint32Array;
  /** Tokens per block; 0 for placeholders. */
  readonly blockSizeTokens: number;
  readonly loraId: number | undefined;
  readonly loraName: string | undefined;
  /** `GPU`, `CPU`, `STORAGE`, `CPU_TIER1` … as published; undefined = GPU. */
  readonly medium: string | undefined;
  /** One entry per block, or undefined when the engine published none. */
  readonly extraKeys: readonly RawExtraKeys[] | undefined;
  /** KV cache group of hybrid models; undefined = the only one. */
  readonly groupIndex: number | undefined;
  readonly specKind: string | undefined;
  readonly slidingWindow: number | undefined;
  readonly locality: string | undefined;
}

/** One copy of each block was given up in a tier. */
export interface BlocksRemoved {
  readonly kind: "removed";
  readonly blockHashes: EngineHashes;
  readonly medium: string | undefined;
  readonly groupIndex: number | undefined;
}

/** The prefix cache was reset. */
export interface AllBlocksCleared {
  readonly kind: "cleared";
}

/** One event, in one form for all wire forms. */
export type KvEvent = BlocksStored | BlocksRemoved | AllBlocksCleared;

/** What an engine publishes after one step. */
export interface KvEventBatch {
  /** Seconds since 1970, by the engine's clock. */
  readonly timestampSeconds: number;
  readonly events: readonly KvEvent[];
  readonly dataParallelRank: number | undefined;
  /** Events that could not be decoded and were left out. */
  readonly malformedEvents: number;
}

/** Whose events these are. Engine hashes are only unique within one of these and a KV cache group. */
export interface KvEventSource {
  /** The endpoint's slot. */
  readonly slot: number;
  /** Data-parallel rank; 0 where there is one. */
  readonly rank: number;
  /** Base model, for events without an adapter. */
  readonly model: string;
}

/** What a stream of events does to an index. Calls for one source come in order, from one thread. */
export interface KvEventSink {
  apply(source: KvEventSource, batch: KvEventBatch): void;
  /** The engine restarted, or its history cannot be had: forget what it held. */
  reset(source: KvEventSource): void;
}
