import type { Candidate, SchedulingContext } from "@warmpath/contracts";
import type { Profile } from "./types";

const NONE: readonly Candidate[] = [];

/**
 * One run of one profile, with room that is used again: it holds what the decision's explanation needs until the
 * request ends. Arrays may be longer than `candidates`.
 */
export class ProfileRun {
  readonly profile: Profile;
  /** Left after the filters. */
  candidates: readonly Candidate[] = NONE;
  /** Indices into `candidates`, best first. */
  picked: readonly number[] = [];
  totals = new Float64Array(0);
  /** Raw scores, by scorer. */
  readonly scores: Float64Array[];

  constructor(profile: Profile) {
    this.profile = profile;
    this.scores = profile.scorers.map(() => new Float64Array(0));
  }

  /** True when there is at least one target. Filters run in order and stop when none is left. */
  run(context: SchedulingContext): boolean {
    this.candidates = context.candidates;
    this.picked = [];
    for (const filter of this.profile.filters) {
      if (this.candidates.length === 0) return false;
      this.candidates = filter.filter(context, this.candidates);
    }
    if (this.candidates.length === 0) return false;
    this.#score(context);
    this.picked = this.profile.picker.pick(context, this.candidates, this.totals);
    return this.picked.length > 0;
  }

  clear(): void {
    this.candidates = NONE;
    this.picked = [];
  }

  #score(context: SchedulingContext): void {
    const count = this.candidates.length;
    const totals = this.#room(count);
    const { scorers } = this.profile;
    for (let s = 0; s < scorers.length; s++) {
      const { scorer, weight } = scorers[s]!;
      const scores = this.scores[s]!;
      scorer.score(context, this.candidates, scores);
      for (let i = 0; i < count; i++) totals[i] = totals[i]! + weight * clamp01(scores[i]!);
    }
  }

  /** Totals and scores, zeroed, long enough for `count`. */
  #room(count: number): Float64Array {
    if (this.totals.length < count) {
      const length = 1 << (32 - Math.clz32(count));
      this.totals = new Float64Array(length);
      for (let s = 0; s < this.scores.length; s++) this.scores[s] = new Float64Array(length);
      return this.totals;
    }
    for (const scores of this.scores) scores.fill(0, 0, count);
    return this.totals.fill(0, 0, count);
  }
}

/** NaN counts as 0: a scorer that cannot tell must not decide. */
function clamp01(score: number): number {
  if (score > 0) return Math.min(score, 1);
  return 0;
}
