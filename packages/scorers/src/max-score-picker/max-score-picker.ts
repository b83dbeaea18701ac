import type { Picker, Random } from "@warmpath/contracts";

export const MAX_SCORE_PICKER = "max-score-picker";

export interface MaxScorePickerOptions {
  readonly random: Random;
  readonly name?: string | undefined;
  /** Targets to return, best first. Default 1. */
  readonly maxNumOfEndpoints?: number | undefined;
}

/** The highest totals; equal ones in random order. */
export function createMaxScorePicker(options: MaxScorePickerOptions): Picker {
  const { random, name = MAX_SCORE_PICKER, maxNumOfEndpoints = 1 } = options;
  return {
    type: MAX_SCORE_PICKER,
    name,
    pick: (_, candidates, totals) =>
      maxNumOfEndpoints === 1
        ? [bestOf(totals, candidates.length, random)]
        : bestFirst(totals, candidates.length, random).slice(0, maxNumOfEndpoints),
  };
}

/** One pass; of k equal bests each wins with chance 1/k. */
function bestOf(totals: Float64Array, count: number, random: Random): number {
  let best = 0;
  let equal = 1;
  for (let i = 1; i < count; i++) {
    const total = totals[i]!;
    if (total > totals[best]!) {
      best = i;
      equal = 1;
    } else if (total === totals[best]!) {
      equal++;
      if (random.next() * equal < 1) best = i;
    }
  }
  return best;
}

function bestFirst(totals: Float64Array, count: number, random: Random): number[] {
  return shuffled(count, random).sort((a, b) => totals[b]! - totals[a]!);
}

/** The numbers from 0 to `count` - 1 in random order (Fisher and Yates). */
export function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
