import { type DataKey, PREFIX_MATCH, type PrefixMatch, type Scorer } from "@warmpath/contracts";

export const PREFIX_CACHE_SCORER = "prefix-cache-scorer";

export interface PrefixCacheScorerOptions {
  readonly name?: string | undefined;
  /** Whose matches to read. Default: `PREFIX_MATCH`. */
  readonly matches?: DataKey<PrefixMatch> | undefined;
  /** Weight w of the absolute length, 0 to 1. Default 0. */
  readonly matchLengthWeight?: number | undefined;
  /** Length L in tokens at which the absolute part is full. Default 8192. */
  readonly matchLengthScaleTokens?: number | undefined;
}

/** `(1 - w) * matched / prompt + w * min(1, matched / L)^2`; no match data or an empty prompt gives 0. As llm-d's. */
export function createPrefixCacheScorer(options: PrefixCacheScorerOptions = {}): Scorer {
  const { name = PREFIX_CACHE_SCORER, matches = PREFIX_MATCH } = options;
  const { matchLengthWeight: weight = 0, matchLengthScaleTokens: scale = 8192 } = options;
  return {
    type: PREFIX_CACHE_SCORER,
    name,
    consumes: [matches],
    score(context, candidates, scores) {
      const match = context.get(matches);
      if (!match || match.promptTokens === 0) return;
      for (let i = 0; i < candidates.length; i++) {
        const matched = match.matchedTokens(candidates[i]!.endpoint.slot);
        const length = Math.min(1, matched / scale);
        scores[i] = ((1 - weight) * matched) / match.promptTokens + weight * length * length;
      }
    },
  };
}
