import {
  type Decision,
  PREFIX_MATCH,
  type RequestObserver,
  type SchedulingContext,
  type Scorer,
} from "@warmpath/contracts";
import { spreadLowestFirst } from "../spread-scores";
import { uncachedTokens, WorkAccount } from "../work-account";

export const PREFIX_LOAD_SCORER = "prefix-load-scorer";

export interface PrefixLoadScorerOptions {
  readonly name?: string | undefined;
  /** Tokens that count as one; the rest is cut. Default 1; published figures count in blocks. */
  readonly blockSizeTokens?: number | undefined;
}

/**
 * Least `uncached + (load - mean load)`, where load is what was uncached so far. A published policy, for comparison: it
 * pays for its balance with a fifth of the hits. Must also be among the director's observers.
 */
export function createPrefixLoadScorer(options: PrefixLoadScorerOptions = {}): Scorer & RequestObserver {
  const { name = PREFIX_LOAD_SCORER, blockSizeTokens = 1 } = options;
  const account = new WorkAccount(Number.POSITIVE_INFINITY);
  const blocks = (context: SchedulingContext, slot: number): number =>
    Math.floor(uncachedTokens(context, slot) / blockSizeTokens);
  return {
    type: PREFIX_LOAD_SCORER,
    name,
    consumes: [PREFIX_MATCH],
    score(context, candidates, scores) {
      account.mean(candidates, context.nowMs);
      for (let i = 0; i < candidates.length; i++) {
        const { slot } = candidates[i]!.endpoint;
        scores[i] = blocks(context, slot) + account.of(slot);
      }
      spreadLowestFirst(scores, candidates.length);
    },
    onDispatch(context: SchedulingContext, decision: Decision) {
      const { slot } = decision.targets[0]!;
      account.add(slot, blocks(context, slot));
    },
  };
}
