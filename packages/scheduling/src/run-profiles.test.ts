import type { Filter, ProfileHandler, SchedulingContext, Scorer } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { createProfile } from "./profile";
import { ProfileRun } from "./profile-run";
import type { RequestContext } from "./request-context";
import { runProfiles } from "./run-profiles";
import { singleProfileHandler } from "./single-profile-handler";
import { buildHouse, firstBest } from "./testing/house";

const contextOf = (count: number): RequestContext =>
  ({ candidates: buildHouse(count).fleet.candidatesFor("m") }) as unknown as RequestContext;

const scorer = (name: string, values: readonly number[]): Scorer => ({
  ...{ type: name, name },
  score: (_, candidates, scores) => {
    for (const [i, { endpoint }] of candidates.entries()) scores[i] = values[endpoint.slot]!;
  },
});

const keep = (...slots: number[]): Filter => ({
  ...{ type: "keep", name: "keep" },
  filter: (_, candidates) => candidates.filter(({ endpoint }) => slots.includes(endpoint.slot)),
});

describe("ProfileRun.run", () => {
  it("clamps each score to [0, 1], weights and sums; NaN counts as 0", () => {
    const scorers = [
      { scorer: scorer("a", [2, -1, 0.5, Number.NaN]), weight: 2 },
      { scorer: scorer("b", [0.25, 0.5, 1, 1]), weight: 1 },
    ];
    const run = new ProfileRun(createProfile({ scorers, picker: firstBest }));
    expect(run.run(contextOf(4))).toBe(true);
    expect([...run.totals.subarray(0, 4)]).toEqual([2.25, 0.5, 2, 1]);
    expect([...run.scores[0]!.subarray(0, 4)]).toEqual([2, -1, 0.5, Number.NaN]);
    expect(run.picked).toEqual([0]);
  });

  it("forgets the last run's scores, also where a scorer writes none", () => {
    let silent = false;
    const moody: Scorer = {
      ...scorer("a", []),
      score: (_, candidates, scores) => {
        if (!silent) scores.fill(1, 0, candidates.length);
      },
    };
    const run = new ProfileRun(createProfile({ scorers: [{ scorer: moody, weight: 1 }], picker: firstBest }));
    run.run(contextOf(3));
    silent = true;
    run.run(contextOf(2));
    expect([...run.totals.subarray(0, 2)]).toEqual([0, 0]);
  });

  it("filters in order and stops when none is left", () => {
    const seen: number[] = [];
    const watching: Filter = {
      ...keep(),
      filter: (_, candidates) => {
        seen.push(candidates.length);
        return candidates;
      },
    };
    const filters = [keep(1, 2), watching, keep(9), watching];
    const run = new ProfileRun(createProfile({ filters, picker: firstBest }));
    expect(run.run(contextOf(4))).toBe(false);
    expect(seen).toEqual([2]);
  });
});

describe("runProfiles", () => {
  const runsOf = (...names: string[]): ProfileRun[] =>
    names.map((name) => {
      const filters = name === "empty" ? [keep()] : [keep(name === "prefill" ? 0 : 1)];
      return new ProfileRun(createProfile({ name, filters, picker: firstBest }));
    });

  const steps = (order: readonly (readonly string[])[], primary: string): ProfileHandler => ({
    ...{ type: "steps", name: "steps", primary: () => primary },
    next: (_: SchedulingContext, done) => order.find((names) => !names.every((name) => done.has(name))) ?? [],
  });

  it("runs what the handler asks for, and gives the primary one", () => {
    const runs = runsOf("decode", "prefill", "unused");
    const primary = runProfiles(steps([["decode"], ["prefill"]], "decode"), runs, contextOf(3));
    expect(primary.profile.name).toBe("decode");
    expect(runs.map((run) => run.picked.length)).toEqual([1, 1, 0]);
  });

  it("throws no_endpoint when the primary profile has no target", () => {
    const run = () => runProfiles(singleProfileHandler([{ name: "empty" }]), runsOf("empty"), contextOf(2));
    expect(run).toThrow(expect.objectContaining({ code: "no_endpoint" }));
  });

  it("runs a profile once, even if the handler never stops asking", () => {
    let asked = 0;
    const handler: ProfileHandler = { ...steps([], "decode"), next: () => (asked++ < 5 ? ["decode"] : []) };
    expect(runProfiles(handler, runsOf("decode"), contextOf(2)).profile.name).toBe("decode");
    expect(asked).toBe(2);
  });

  it("names a profile that does not exist", () => {
    expect(() => runProfiles(steps([["x"]], "x"), runsOf("decode"), contextOf(1))).toThrow(/"x"; there is none/);
  });
});

describe("createProfile", () => {
  it("refuses weights that are no numbers", () => {
    const scorers = [{ scorer: scorer("a", []), weight: Number.NaN }];
    expect(() => createProfile({ scorers, picker: firstBest })).toThrow(/weight of scorer "a"/);
  });
});
