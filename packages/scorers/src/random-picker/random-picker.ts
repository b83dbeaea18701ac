import type { Picker, Random } from "@warmpath/contracts";
import { shuffled } from "../max-score-picker/max-score-picker";

export const RANDOM_PICKER = "random-picker";

export interface RandomPickerOptions {
  readonly random: Random;
  readonly name?: string | undefined;
  /** Default 1. */
  readonly maxNumOfEndpoints?: number | undefined;
}

/** Any candidate, each with the same chance: `floor(random * count)` for one target. */
export function createRandomPicker(options: RandomPickerOptions): Picker {
  const { random, name = RANDOM_PICKER, maxNumOfEndpoints = 1 } = options;
  return {
    type: RANDOM_PICKER,
    name,
    pick: (_, { length }) =>
      maxNumOfEndpoints === 1
        ? [Math.floor(random.next() * length)]
        : shuffled(length, random).slice(0, maxNumOfEndpoints),
  };
}
