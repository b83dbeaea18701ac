import { createPluginRegistry } from "@warmpath/scheduling";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../tooling/testing/clock";
import { registerBuiltInPlugins } from "./built-in-plugins";
import { candidatesWith, contextWith } from "./testing/candidates";
import { seededRandom, silentLogger } from "./testing/seeded";

const environment = { clock: new ManualClock(), random: seededRandom(1), logger: silentLogger };

function registry(allowAlpha = false) {
  const made = createPluginRegistry({ allowAlpha });
  registerBuiltInPlugins(made);
  return made;
}

describe("registerBuiltInPlugins", () => {
  it("makes every type with its defaults, under its own name and a given one", () => {
    const made = registry(true);
    for (const { type, kind } of made.entries()) {
      if (type === "prefix-producer") continue;
      expect(made.create(kind, { type }, environment)).toMatchObject({ type, name: type });
      const named = made.create(kind, { type, name: "mine" }, environment).name;
      expect(named).toBe(type === "cost-producer" ? type : "mine");
    }
    expect(made.entries().length).toBe(12);
  });

  it("refuses parameters that a type does not have, and values out of range", () => {
    const made = registry(true);
    for (const { type, kind } of made.entries())
      expect(() => made.create(kind, { type, parameters: { nope: 1 } }, environment)).toThrow(/no parameter "nope"/);
    const bad = (type: string, parameters: object) => () =>
      made.create("scorer", { type, parameters: parameters as Record<string, unknown> }, environment);
    expect(bad("active-request-scorer", { maxBusyScore: 2 })).toThrow(
      /maxBusyScore: 2; it must be a number from 0 to 1/,
    );
    expect(bad("prefix-cache-scorer", { matchLengthWeight: "1" })).toThrow(/matchLengthWeight/);
    expect(bad("prefix-cache-scorer", { prefixMatchInfoProducerName: 1 })).toThrow(/must be text/);
    const picker = { type: "max-score-picker", parameters: { maxNumOfEndpoints: 1.5 } };
    expect(() => made.create("picker", picker, environment)).toThrow(/whole number/);
    const profile = { type: "cost-producer", parameters: { profile: "x" } };
    expect(() => made.create("producer", profile, environment)).toThrow(/must be one of qwen3/);
    expect(() => made.create("producer", { type: "prefix-producer" }, environment)).toThrow(/needs an index/);
  });

  it("keeps policies for comparison behind the alpha switch", () => {
    expect(() => registry().create("scorer", { type: "bounded-prefix-scorer" }, environment)).toThrow(/alpha/);
  });

  it("hands parameters on", () => {
    const picker = registry().create(
      "picker",
      { type: "max-score-picker", parameters: { maxNumOfEndpoints: 2 } },
      environment,
    );
    const candidates = candidatesWith({}, {}, {});
    expect(picker.pick(contextWith(candidates), candidates, Float64Array.of(1, 3, 2))).toEqual([1, 2]);
  });
});
