import { describe, expect, it } from "vitest";
import { realClock } from "../../../tooling/testing/clock";
import { MemoryLogger } from "../../../tooling/testing/loggers";
import { createPluginRegistry, type PluginEntry } from "./plugin-registry";
import { firstBest, matchScorer } from "./testing/house";

const logger = new MemoryLogger();
const environment = { clock: realClock, random: { next: () => 0 }, logger };
const scorerEntry: PluginEntry<"scorer"> = {
  ...{ type: "match", kind: "scorer", stability: "stable" },
  create: ({ name }) => ({ ...matchScorer, name }),
};
const pickerEntry: PluginEntry<"picker"> = {
  ...{ type: "best", kind: "picker", stability: "alpha", deprecated: "better" },
  create: () => firstBest,
};

describe("createPluginRegistry", () => {
  it("makes instances by type, named as asked or by their type", () => {
    const registry = createPluginRegistry();
    registry.register(scorerEntry);
    expect(registry.create("scorer", { type: "match" }, environment).name).toBe("match");
    expect(registry.create("scorer", { type: "match", name: "mine" }, environment).name).toBe("mine");
    expect(registry.entries().map(({ type }) => type)).toEqual(["match"]);
  });

  it("refuses types unknown, taken or of another kind", () => {
    const registry = createPluginRegistry();
    registry.register(scorerEntry);
    expect(() => registry.register(scorerEntry)).toThrow(/registered twice/);
    expect(() => registry.create("scorer", { type: "none" }, environment)).toThrow(
      /no plugin type "none". Known: match/,
    );
    expect(() => registry.create("picker", { type: "match" }, environment)).toThrow(/is a scorer; a picker is needed/);
  });

  it("makes alpha plugins only where they are allowed, and warns of deprecated ones", () => {
    const strict = createPluginRegistry();
    strict.register(pickerEntry);
    expect(() => strict.create("picker", { type: "best" }, environment)).toThrow(/is alpha/);
    const open = createPluginRegistry({ allowAlpha: true });
    open.register(pickerEntry);
    expect(open.create("picker", { type: "best" }, environment)).toBe(firstBest);
    expect(logger.lines.at(-1)).toMatch(/deprecated; use better/);
  });
});
