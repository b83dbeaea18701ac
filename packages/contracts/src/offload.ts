/** Names one block beyond the GPU: the engine's block hash, then the KV cache group as big-endian u32. */
export type OffloadKey = Uint8Array;

/** What became of one key of a transfer. A single flag for all keys would make an index believe what is not so. */
export type OffloadOutcome = "stored" | "loaded" | "exists" | "missing" | "dropped" | "cancelled" | "failed";

/** Bytes of one block in the host's memory. */
export interface OffloadTransfer {
  readonly key: OffloadKey;
  readonly bytes: Uint8Array;
}

/** How full a tier is. */
export interface OffloadTierUsage {
  readonly usedBytes: number;
  /** Undefined where the tier does not know its limit. */
  readonly capacityBytes: number | undefined;
  readonly blocks: number;
}

/** Where KV blocks are kept beyond the GPU: CPU memory, a file system, an object store. */
export interface OffloadTier {
  readonly contractVersion: 1;
  readonly name: string;
  readonly medium: "CPU" | "STORAGE";
  /** One flag a key, in order: 1 = held. */
  exists(keys: readonly OffloadKey[], signal?: AbortSignal): Promise<Uint8Array>;
  /** One outcome a transfer, in order; never rejects for a single key. */
  store(transfers: readonly OffloadTransfer[], signal?: AbortSignal): Promise<readonly OffloadOutcome[]>;
  /** Fills `bytes` of each transfer. */
  load(transfers: readonly OffloadTransfer[], signal?: AbortSignal): Promise<readonly OffloadOutcome[]>;
  /** Returns the keys that were there. */
  delete(keys: readonly OffloadKey[], signal?: AbortSignal): Promise<readonly OffloadKey[]>;
  usage(): Promise<OffloadTierUsage>;
  close(): Promise<void>;
}

/** Which block a full tier gives up. Synchronous: it runs while blocks wait. Entries are small numbers given by the tier. */
export interface CachePolicy {
  readonly contractVersion: 1;
  readonly name: string;
  insert(entry: number): void;
  touch(entry: number): void;
  remove(entry: number): void;
  /** `count` victims that `isProtected` lets go, in order; undefined when there are not enough, and then nothing changed. */
  evict(count: number, isProtected: (entry: number) => boolean): readonly number[] | undefined;
  clear(): void;
}
