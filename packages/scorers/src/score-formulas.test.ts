import type { EndpointLoad, Scorer } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { createActiveRequestScorer } from "./active-request-scorer/active-request-scorer";
import { createKvCacheUtilizationScorer } from "./kv-cache-utilization-scorer/kv-cache-utilization-scorer";
import { createPrefixCacheScorer } from "./prefix-cache-scorer/prefix-cache-scorer";
import { createQueueScorer } from "./queue-scorer/queue-scorer";
import { candidatesWith, contextWith, matchOf } from "./testing/candidates";

/** Longer than needed, as the scheduler's arrays may be. */
function scoresOf(
  scorer: Scorer,
  loads: readonly Partial<EndpointLoad>[],
  match?: ReturnType<typeof matchOf>,
): number[] {
  const candidates = candidatesWith(...loads);
  const scores = new Float64Array(loads.length + 3);
  scorer.score(contextWith(candidates, match), candidates, scores);
  return [...scores.subarray(0, loads.length)];
}

const waiting = (...counts: number[]) => counts.map((waitingRequests) => ({ waitingRequests }));
const active = (...counts: number[]) => counts.map((inFlightRequests) => ({ inFlightRequests }));

describe("queue-scorer", () => {
  it("spreads from the longest queue to the shortest", () => {
    expect(scoresOf(createQueueScorer(), waiting(10, 5, 0))).toEqual([0, 0.5, 1]);
    expect(scoresOf(createQueueScorer(), waiting(4, 4))).toEqual([1, 1]);
    expect(scoresOf(createQueueScorer(), waiting(7))).toEqual([1]);
  });
});

describe("kv-cache-utilization-scorer", () => {
  it("is the free share", () => {
    const loads = [0, 0.25, 1].map((kvUtilization) => ({ kvUtilization }));
    expect(scoresOf(createKvCacheUtilizationScorer(), loads)).toEqual([1, 0.75, 0]);
  });
});

describe("active-request-scorer", () => {
  it("falls from the idle to the busiest", () => {
    expect(scoresOf(createActiveRequestScorer(), active(0, 3, 6))).toEqual([1, 0.5, 0]);
    expect(scoresOf(createActiveRequestScorer({ maxBusyScore: 0.5 }), active(0, 3, 6))).toEqual([1, 0.25, 0]);
    expect(scoresOf(createActiveRequestScorer({ idleThreshold: 3 }), active(0, 3, 6))).toEqual([1, 1, 0]);
    expect(scoresOf(createActiveRequestScorer(), active(0, 0))).toEqual([1, 1]);
  });
});

describe("prefix-cache-scorer", () => {
  it("is the matched share, with a part for absolute length", () => {
    const loads = [{}, {}];
    expect(scoresOf(createPrefixCacheScorer(), loads, matchOf(512, [384, 0]))).toEqual([0.75, 0]);
    const weighted = createPrefixCacheScorer({ matchLengthWeight: 0.3 });
    expect(scoresOf(weighted, loads, matchOf(512, [384, 0]))[0]).toBeCloseTo(0.525659, 6);
    const short = createPrefixCacheScorer({ matchLengthWeight: 1, matchLengthScaleTokens: 100 });
    expect(scoresOf(short, loads, matchOf(512, [384, 50]))).toEqual([1, 0.25]);
  });

  it("is 0 without a match or without tokens", () => {
    expect(scoresOf(createPrefixCacheScorer(), [{}, {}])).toEqual([0, 0]);
    expect(scoresOf(createPrefixCacheScorer(), [{}], matchOf(0, [0]))).toEqual([0]);
  });

  it("reads the data it is given", () => {
    const matches = { type: "prefix-match", producer: "other" };
    const scorer = createPrefixCacheScorer({ matches });
    expect(scorer.consumes).toEqual([matches]);
    expect(scoresOf(scorer, [{}], matchOf(10, [10]))).toEqual([0]);
  });
});
