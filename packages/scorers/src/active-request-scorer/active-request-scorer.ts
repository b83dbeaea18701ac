import type { Scorer } from "@warmpath/contracts";

export const ACTIVE_REQUEST_SCORER = "active-request-scorer";

export interface ActiveRequestScorerOptions {
  readonly name?: string | undefined;
  /** So many requests in flight, or fewer, count as idle. Default 0. */
  readonly idleThreshold?: number | undefined;
  /** Highest score of an endpoint that is not idle, 0 to 1. Default 1. */
  readonly maxBusyScore?: number | undefined;
}

/**
 * By requests that we sent and that have not ended: idle gives 1, else `(most - n) / most * maxBusyScore`. As llm-d's.
 */
export function createActiveRequestScorer(options: ActiveRequestScorerOptions = {}): Scorer {
  const { name = ACTIVE_REQUEST_SCORER, idleThreshold = 0, maxBusyScore = 1 } = options;
  return {
    type: ACTIVE_REQUEST_SCORER,
    name,
    score(_, candidates, scores) {
      let most = 0;
      for (const { load } of candidates) if (load.inFlightRequests > most) most = load.inFlightRequests;
      for (let i = 0; i < candidates.length; i++) {
        const active = candidates[i]!.load.inFlightRequests;
        scores[i] = active <= idleThreshold ? 1 : ((most - active) / most) * maxBusyScore;
      }
    },
  };
}
