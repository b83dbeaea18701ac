import { type Filter, type Picker, WarmpathError } from "@warmpath/contracts";
import type { Profile, WeightedScorer } from "./types";

export interface ProfileOptions {
  /** Default `default`. */
  readonly name?: string | undefined;
  readonly filters?: readonly Filter[] | undefined;
  readonly scorers?: readonly WeightedScorer[] | undefined;
  readonly picker: Picker;
}

/** Puts a profile together. Throws `invalid_configuration` for a weight that is no finite number. */
export function createProfile(options: ProfileOptions): Profile {
  const scorers = options.scorers ?? [];
  for (const { scorer, weight } of scorers)
    if (!Number.isFinite(weight))
      throw new WarmpathError("invalid_configuration", `The weight of scorer "${scorer.name}" is ${weight}.`);
  return { name: options.name ?? "default", filters: options.filters ?? [], scorers, picker: options.picker };
}
