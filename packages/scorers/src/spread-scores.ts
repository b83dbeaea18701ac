/** Turns values into scores in place: the least value gives 1, the largest 0, equal values all 1. */
export function spreadLowestFirst(values: Float64Array, count: number): void {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const range = most - least;
  for (let i = 0; i < count; i++) values[i] = range > 0 ? (most - values[i]!) / range : 1;
}
