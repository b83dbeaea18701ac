import {
  type Decision,
  PREFIX_MATCH,
  type RequestObserver,
  type SchedulingContext,
  type Scorer,
} from "@warmpath/contracts";
import { promptTokens, uncachedTokens, WorkAccount } from "../work-account";

export const BOUNDED_PREFIX_SCORER = "bounded-prefix-scorer";

export interface BoundedPrefixScorerOptions {
  readonly name?: string | undefined;
  /** Load above the mean that still takes requests, as a factor. Default 1.05. */
  readonly bound?: number | undefined;
  /** The same in tokens, on top. Default 65536. */
  readonly slackTokens?: number | undefined;
}

/**
 * The longest prefix among endpoints whose load, in uncached tokens given to them so far, is at most
 * `bound * mean + slackTokens`; ties go to the least loaded. A published policy, for comparison.
 * Must also be among the director's observers.
 */
export function createBoundedPrefixScorer(options: BoundedPrefixScorerOptions = {}): Scorer & RequestObserver {
  const { name = BOUNDED_PREFIX_SCORER, bound = 1.05, slackTokens = 65_536 } = options;
  const account = new WorkAccount(Number.POSITIVE_INFINITY);
  return {
    type: BOUNDED_PREFIX_SCORER,
    name,
    consumes: [PREFIX_MATCH],
    score(context, candidates, scores) {
      const mean = account.mean(candidates, context.nowMs);
      const limit = bound * mean + slackTokens;
      const match = context.get(PREFIX_MATCH);
      const prompt = promptTokens(context);
      for (let i = 0; i < candidates.length; i++) {
        const { slot } = candidates[i]!.endpoint;
        const load = account.of(slot);
        const matched = load <= limit ? (match?.matchedTokens(slot) ?? 0) : -1;
        // Whole tokens decide, the load only between equal ones.
        scores[i] = (matched + 1 + 1 / (1 + load)) / (prompt + 3);
      }
    },
    onDispatch(context: SchedulingContext, decision: Decision) {
      const { slot } = decision.targets[0]!;
      account.add(slot, uncachedTokens(context, slot));
    },
  };
}
