import type { Scorer } from "@warmpath/contracts";

export const KV_CACHE_UTILIZATION_SCORER = "kv-cache-utilization-scorer";

/** `1 - share of KV blocks in use`. As llm-d's. */
export function createKvCacheUtilizationScorer(options: { readonly name?: string | undefined } = {}): Scorer {
  return {
    type: KV_CACHE_UTILIZATION_SCORER,
    name: options.name ?? KV_CACHE_UTILIZATION_SCORER,
    score(_, candidates, scores) {
      for (let i = 0; i < candidates.length; i++) scores[i] = 1 - candidates[i]!.load.kvUtilization;
    },
  };
}
