import { COST_PREDICTION, type Scorer } from "@warmpath/contracts";
import { COST_CAPACITY } from "./cost-producer";

export const COST_SCORER = "cost-scorer";

/** Options of `createCostScorer`. */
export interface CostScorerOptions {
  readonly name?: string | undefined;
  /** Worth of a millisecond that others lose, against one of the request's own time to first token. Default 0.1. */
  readonly interferenceWeight?: number | undefined;
}

/**
 * `least cost / cost`, so the cheapest candidate has 1 and one that costs twice as much 0.5. The cost in ms is the
 * predicted time to first token, the weighted slow-down of others, and the price of the capacity it uses.
 */
export function createCostScorer(options: CostScorerOptions = {}): Scorer {
  const { name = COST_SCORER, interferenceWeight = 0.1 } = options;
  return {
    type: COST_SCORER,
    name,
    consumes: [COST_PREDICTION, COST_CAPACITY],
    score(context, candidates, scores) {
      const costs = context.get(COST_PREDICTION);
      const capacity = context.get(COST_CAPACITY);
      if (!costs) return;
      const all = candidates === context.candidates;
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < candidates.length; i++) {
        const at = all ? i : context.candidates.indexOf(candidates[i]!);
        const cost = costs.ttftMs[at]! + interferenceWeight * costs.interferenceMs[at]! + (capacity?.[at] ?? 0);
        if (cost < least) least = cost;
        scores[i] = cost;
      }
      for (let i = 0; i < candidates.length; i++) scores[i] = least / scores[i]!;
    },
  };
}
