import type { Scorer } from "@warmpath/contracts";
import { spreadLowestFirst } from "../spread-scores";

export const QUEUE_SCORER = "queue-scorer";

/** `(most - waiting) / (most - least)` over the candidates' waiting requests; all equal gives 1. As llm-d's. */
export function createQueueScorer(options: { readonly name?: string | undefined } = {}): Scorer {
  return {
    type: QUEUE_SCORER,
    name: options.name ?? QUEUE_SCORER,
    score(_, candidates, scores) {
      for (let i = 0; i < candidates.length; i++) scores[i] = candidates[i]!.load.waitingRequests;
      spreadLowestFirst(scores, candidates.length);
    },
  };
}
