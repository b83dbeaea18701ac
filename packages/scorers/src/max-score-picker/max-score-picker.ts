import type { Picker, Random } from "@warmpath/contracts";

export const MAX_SCORE_PICKER = "max-score-picker";

/** Options of `createMaxScorePicker`. */
export interface MaxScorePickerOptions {
  readonly random: Random;
  readonly name?: string | undefined;
  /** Targets to return, best first. Default 1. */
  readonly maxNumOfEndpoints?: number | undefined;
  /** Who wins among equals: chance, or the first in the list, as some published figures have it. Default `random`. */
  readonly ties?: "random" | "first" | undefined;
}

/** Lets the first of equals stay the best. */
const NEVER: Random = { next: () => 1 };

/** The highest totals; equal ones in random order unless `ties` says otherwise. */
export function createMaxScorePicker(options: MaxScorePickerOptions): Picker {
  const { name = MAX_SCORE_PICKER, maxNumOfEndpoints = 1, ties = "random" } = options;
  const random = ties === "random" ? options.random : NEVER;
  return {
    type: MAX_SCORE_PICKER,
    name,
    pick: (_, candidates, totals) =>
      maxNumOfEndpoints === 1
        ? [bestOf(totals, candidates.length, random)]
        : bestFirst(totals, candidates.length, ties === "random" ? random : undefined).slice(0, maxNumOfEndpoints),
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

function bestFirst(totals: Float64Array, count: number, random: Random | undefined): number[] {
  const order = random ? shuffled(count, random) : Array.from({ length: count }, (_, i) => i);
  return order.sort((a, b) => totals[b]! - totals[a]!);
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
