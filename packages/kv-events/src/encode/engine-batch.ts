import type { AllBlocksCleared, EngineHashes, RawExtraKeys } from "@warmpath/contracts";

/** The hashes of an event, as 64-bit words or as whole digests. Where digests are given they count. */
interface EngineBlocks {
  readonly blockHashes?: EngineHashes | undefined;
  /** One digest per block: 32 bytes of SHA-256, 16 of xxHash. */
  readonly blockDigests?: readonly Uint8Array[] | undefined;
  readonly medium?: string | undefined;
  readonly groupIndex?: number | undefined;
  readonly locality?: string | undefined;
}

/** `BlocksStored` as an engine has it before it is published. */
export interface EngineBlocksStored extends EngineBlocks {
  readonly kind: "stored";
  readonly parentHash?: { readonly lo: number; readonly hi: number } | undefined;
  readonly parentDigest?: Uint8Array | undefined;
  readonly tokenIds: Uint32Array;
  readonly blockSizeTokens: number;
  readonly loraId?: number | undefined;
  readonly loraName?: string | undefined;
  readonly extraKeys?: readonly RawExtraKeys[] | undefined;
  readonly specKind?: string | undefined;
  readonly slidingWindow?: number | undefined;
}

/** `BlocksRemoved` as an engine has it before it is published. */
export interface EngineBlocksRemoved extends EngineBlocks {
  readonly kind: "removed";
}

export type EngineEvent = EngineBlocksStored | EngineBlocksRemoved | AllBlocksCleared;

/** A batch to publish. A decoded `KvEventBatch` is one. */
export interface EngineBatch {
  /** Seconds since 1970. */
  readonly timestampSeconds: number;
  readonly events: readonly EngineEvent[];
  /** Left out of the batch where undefined, as vLLM before June 2025 does. */
  readonly dataParallelRank?: number | undefined;
}
