import type { BlocksRemoved, BlocksStored, EngineHashes, KvEvent } from "@warmpath/contracts";
import type { ReplicaEvent, ReplicaStored } from "../core/replica-types";
import { blockIdHash, fillSyntheticTokens, type VirtualRequest, writeBlockIdHash } from "./block-ids";

/** Turns the events of a step into the form in which an index takes them. Removals in a row become one event. */
export function toKvEvents<R extends VirtualRequest>(
  events: readonly ReplicaEvent<R, number>[],
  blockSizeTokens: number,
): KvEvent[] {
  const out: KvEvent[] = [];
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as ReplicaEvent<R, number>;
    if (event.kind === "cleared") out.push({ kind: "cleared" });
    else if (event.kind === "stored") out.push(toStored(event, blockSizeTokens));
    else {
      const keys = [event.key];
      for (let next = events[i + 1]; next?.kind === "removed"; next = events[++i + 1]) keys.push(next.key);
      out.push(toRemoved(keys));
    }
  }
  return out;
}

function toStored<R extends VirtualRequest>(event: ReplicaStored<R, number>, blockSizeTokens: number): BlocksStored {
  let tokens: Uint32Array | undefined;
  return {
    kind: "stored",
    blockHashes: toHashes(event.keys),
    parentHash: event.parent === undefined ? undefined : blockIdHash(event.parent),
    // Tokens are most of the work, and many listeners never ask.
    get tokenIds(): Uint32Array {
      tokens ??= tokensOf(event, blockSizeTokens);
      return tokens;
    },
    blockSizeTokens,
    loraId: undefined,
    loraName: undefined,
    medium: "GPU",
    extraKeys: undefined,
    groupIndex: 0,
    specKind: "full_attention",
    slidingWindow: undefined,
    locality: undefined,
  };
}

function toRemoved(keys: readonly number[]): BlocksRemoved {
  return { kind: "removed", blockHashes: toHashes(keys), medium: "GPU", groupIndex: 0 };
}

function tokensOf<R extends VirtualRequest>(event: ReplicaStored<R, number>, size: number): Uint32Array {
  const from = event.firstBlock * size;
  const end = from + event.keys.length * size;
  const { tokenIds } = event.request;
  if (tokenIds && tokenIds.length >= end) return tokenIds.subarray(from, end);
  const tokens = new Uint32Array(end - from);
  for (const [i, key] of event.keys.entries()) fillSyntheticTokens(key, tokens, i * size, size);
  return tokens;
}

function toHashes(keys: readonly number[]): EngineHashes {
  const hashes = new Uint32Array(2 * keys.length);
  for (const [i, key] of keys.entries()) writeBlockIdHash(key, hashes, i);
  return hashes;
}
