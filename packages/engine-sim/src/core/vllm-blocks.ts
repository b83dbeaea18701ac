import {
  createVllmHasher,
  type VllmBlockExtraKeys,
  type VllmHashAlgorithm,
  vllmEventExtraKeys,
  vllmExtraKeys,
} from "@warmpath/block-hashing";
import type { EngineEvent } from "@warmpath/kv-events";
import type { ReplicaEvent, ReplicaRequest, ReplicaStored } from "./replica-types";

/** A LoRA adapter as vLLM knows it. Name and path enter the block hashes, name and id the events. */
export interface SimulatedAdapter {
  readonly name: string;
  /** Default: the name. */
  readonly path?: string | undefined;
  /** From 1. */
  readonly id: number;
}

/** A request whose tokens are known: what vLLM's block hashes are made of. */
export interface VllmRequest extends ReplicaRequest {
  /** Prompt tokens, then the output tokens that exist; the rest of the array is not read. */
  readonly tokens: Uint32Array;
  readonly cacheSalt?: string | undefined;
  readonly adapter?: SimulatedAdapter | undefined;
}

/** Options of {@link createVllmBlocks}: an engine's hash configuration. */
export interface VllmBlocksOptions {
  readonly algorithm: VllmHashAlgorithm;
  /** The engine's PYTHONHASHSEED; undefined = unset. */
  readonly seed?: string | undefined;
  readonly blockSizeTokens: number;
}

/** Keys and events of an engine's blocks. A key is the whole digest, a character a byte. */
export interface VllmBlocks {
  hashBlock(request: VllmRequest, index: number, parent: string | undefined): string;
  /** The events of a step as vLLM publishes them: one removal an event, extra keys untagged. */
  toEngineEvents(events: readonly ReplicaEvent<VllmRequest, string>[]): EngineEvent[];
}

/** Gives a replica the block hashes of a real vLLM. Throws `invalid_configuration` as `createVllmHasher` does. */
export function createVllmBlocks(options: VllmBlocksOptions): VllmBlocks {
  const { blockSizeTokens } = options;
  const hasher = createVllmHasher(options);
  const digest = new Uint8Array(hasher.digestBytes);
  const keysOf = (request: VllmRequest, first: number, blockCount: number): readonly VllmBlockExtraKeys[] => {
    const { cacheSalt, adapter } = request;
    if (cacheSalt === undefined && adapter === undefined) return NO_KEYS;
    const lora = adapter && { name: adapter.name, path: adapter.path ?? adapter.name };
    return vllmExtraKeys({
      form: hasher.extraKeyForm,
      blockSizeTokens,
      blockCount,
      fromToken: first * blockSizeTokens,
      lora,
      cacheSalt,
    });
  };
  return {
    hashBlock(request, index, parent) {
      const fromToken = index * blockSizeTokens;
      const input = { tokens: request.tokens, fromToken, toToken: fromToken + blockSizeTokens };
      const extraKeys = keysOf(request, index, 1)[0];
      hasher.hashBlock({ ...input, parent: parent === undefined ? undefined : digestOf(parent), extraKeys }, digest);
      return Buffer.from(digest).toString("latin1");
    },
    toEngineEvents: (events) => events.map((event) => toEngineEvent(event, blockSizeTokens, keysOf)),
  };
}

const NO_KEYS: readonly VllmBlockExtraKeys[] = [];

type KeysOf = (request: VllmRequest, first: number, blockCount: number) => readonly VllmBlockExtraKeys[];

/** The bytes of a block's key. */
export function digestOf(key: string): Uint8Array {
  return Buffer.from(key, "latin1");
}

function toEngineEvent(event: ReplicaEvent<VllmRequest, string>, size: number, keysOf: KeysOf): EngineEvent {
  if (event.kind === "cleared") return { kind: "cleared" };
  if (event.kind === "removed") {
    return { kind: "removed", blockDigests: [digestOf(event.key)], medium: "GPU", groupIndex: 0 };
  }
  return toStored(event, size, keysOf);
}

function toStored(event: ReplicaStored<VllmRequest, string>, size: number, keysOf: KeysOf): EngineEvent {
  const { request, firstBlock, keys, parent } = event;
  const extraKeys = keysOf(request, firstBlock, keys.length);
  return {
    kind: "stored",
    blockDigests: keys.map(digestOf),
    parentDigest: parent === undefined ? undefined : digestOf(parent),
    tokenIds: request.tokens.slice(firstBlock * size, (firstBlock + keys.length) * size),
    blockSizeTokens: size,
    loraId: request.adapter?.id,
    loraName: request.adapter?.name,
    medium: "GPU",
    extraKeys: extraKeys.length === 0 ? keys.map(() => null) : vllmEventExtraKeys(extraKeys),
    groupIndex: 0,
    specKind: "full_attention",
  };
}
