import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMaxScorePicker } from "./max-score-picker/max-score-picker";
import { createRandomPicker } from "./random-picker/random-picker";
import { createRoundRobinPicker } from "./round-robin-picker/round-robin-picker";
import { candidatesWith, contextWith } from "./testing/candidates";
import { seededRandom } from "./testing/seeded";

const candidates = candidatesWith({}, {}, {}, {});
const context = contextWith(candidates);
const random = seededRandom(1);

function counts(pick: () => readonly number[], times: number): number[] {
  const count = [0, 0, 0, 0];
  for (let i = 0; i < times; i++) count[pick()[0]!]!++;
  return count;
}

describe("max-score-picker", () => {
  it("takes the highest totals in order", () => {
    const totals = Float64Array.of(0.5, 2, -1, 1, 99);
    expect(createMaxScorePicker({ random }).pick(context, candidates, totals)).toEqual([1]);
    expect(createMaxScorePicker({ random, maxNumOfEndpoints: 3 }).pick(context, candidates, totals)).toEqual([1, 3, 0]);
    expect(createMaxScorePicker({ random, maxNumOfEndpoints: 9 }).pick(context, candidates, totals)).toHaveLength(4);
  });

  it("never takes less than the best", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 4, maxLength: 4 }), (values) => {
        const totals = Float64Array.from(values);
        for (const maxNumOfEndpoints of [1, 4]) {
          const order = createMaxScorePicker({ random, maxNumOfEndpoints }).pick(context, candidates, totals);
          expect(order.map((i) => totals[i])).toEqual(values.toSorted((a, b) => b - a).slice(0, maxNumOfEndpoints));
        }
      }),
    );
  });

  it.each([1, 4])("gives each of equal ones the same chance (%i targets)", (maxNumOfEndpoints) => {
    const picker = createMaxScorePicker({ random, maxNumOfEndpoints });
    const picked = counts(() => picker.pick(context, candidates, Float64Array.of(1, 1, 0, 1)), 3000);
    expect(picked[2]).toBe(0);
    for (const i of [0, 1, 3]) expect(Math.abs(picked[i]! - 1000)).toBeLessThan(120);
  });

  it.each([1, 4])("takes the first of equal ones when asked to (%i targets)", (maxNumOfEndpoints) => {
    const picker = createMaxScorePicker({ random, maxNumOfEndpoints, ties: "first" });
    expect(counts(() => picker.pick(context, candidates, Float64Array.of(0, 1, 1, 1)), 50)).toEqual([0, 50, 0, 0]);
  });
});

describe("random-picker", () => {
  it.each([1, 4])("gives each the same chance (%i targets)", (maxNumOfEndpoints) => {
    const picker = createRandomPicker({ random, maxNumOfEndpoints });
    const totals = Float64Array.of(9, 0, 0, 0);
    for (const count of counts(() => picker.pick(context, candidates, totals), 4000))
      expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});

describe("round-robin-picker", () => {
  it("takes one after the other", () => {
    const picker = createRoundRobinPicker();
    const picks = Array.from({ length: 6 }, () => picker.pick(context, candidates, new Float64Array(4))[0]);
    expect(picks).toEqual([0, 1, 2, 3, 0, 1]);
  });
});
