import { externalHash } from "@warmpath/block-hashing";
import { digestOf } from "../core/vllm-blocks";
import type { Engine } from "./engine";

/**
 * The answer of `GET /debug/kv_blocks`, for audits: every cached block of every rank, by the 64-bit hash that its events
 * carry, with the number of physical copies.
 */
export function listKvBlocks(engine: Engine): unknown {
  return {
    ranks: engine.ranks.map(({ replica }, rank) => ({
      rank,
      blocks: [...replica.cachedBlocks()].map(([key, copies]) => ({ hash: decimalHash(key), copies, tier: "gpu" })),
    })),
  };
}

function decimalHash(key: string): string {
  const { lo, hi } = externalHash(digestOf(key));
  return ((BigInt(hi) << 32n) | BigInt(lo)).toString();
}
