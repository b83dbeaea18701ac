import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createPluginRegistry, createProfile } from "@warmpath/scheduling";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../tooling/testing/clock";
import { registerBuiltInPlugins } from "./built-in-plugins";
import { candidatesWith, contextWith } from "./testing/candidates";
import { seededRandom, silentLogger } from "./testing/seeded";

interface Vector {
  readonly name: string;
  readonly plugins: readonly { type: string; name?: string; parameters?: Record<string, unknown> }[];
  readonly profiles: readonly { plugins: readonly { pluginRef: string; weight?: number }[] }[];
  readonly state: Readonly<Record<string, { waiting?: number; kv?: number; omit?: unknown; raw?: unknown }>>;
  readonly steps: readonly Readonly<Record<string, unknown>>[];
  readonly result: { readonly steps: readonly Step[] };
}

interface Step {
  readonly first?: Step;
  readonly pick: readonly string[];
  readonly weighted: Readonly<Record<string, number>>;
  readonly plugin_scores: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const PATH = fileURLToPath(new URL("../../../../shared/golden/llm-d/decisions.json", import.meta.url));
const SCORERS = ["queue-scorer", "kv-cache-utilization-scorer"];
const NAMES = ["e1", "e2", "e3", "e4", "e5", "e6"];

/** Vectors of one request that only need the metrics in their state. */
function vectors(): Vector[] {
  if (!existsSync(PATH)) return [];
  const { vectors: all } = JSON.parse(readFileSync(PATH, "utf8")) as { vectors: Vector[] };
  return all.filter(
    ({ plugins, steps, state }) =>
      plugins.every(({ type }) => [...SCORERS, "max-score-picker"].includes(type)) &&
      steps.length === 1 &&
      state !== undefined &&
      Object.values(state).every(({ omit, raw }) => omit === undefined && raw === undefined),
  );
}

const environment = { clock: new ManualClock(), random: seededRandom(7), logger: silentLogger };
const registry = createPluginRegistry();
registerBuiltInPlugins(registry);

describe.skipIf(vectors().length === 0)("decisions recorded from llm-d", () => {
  it.each(vectors().map((vector) => [vector.name, vector] as const))("%s", (_, vector) => {
    const candidates = candidatesWith(
      ...NAMES.map((name) => ({
        waitingRequests: vector.state[name]?.waiting ?? 0,
        kvUtilization: vector.state[name]?.kv ?? 0,
      })),
    );
    const recorded = vector.result.steps[0]!.first ?? vector.result.steps[0]!;
    const totals = new Float64Array(NAMES.length);
    for (const { pluginRef, weight = 1 } of vector.profiles[0]!.plugins) {
      const plugin = vector.plugins.find(({ type, name = type }) => name === pluginRef)!;
      if (!SCORERS.includes(plugin.type)) continue;
      const scorer = registry.create("scorer", plugin, environment);
      const scores = new Float64Array(NAMES.length);
      scorer.score(contextWith(candidates), candidates, scores);
      for (const [i, name] of NAMES.entries()) {
        expect(scores[i]).toBeCloseTo(recorded.plugin_scores[pluginRef]![name]!, 5);
        totals[i]! += weight * scores[i]!;
      }
    }
    for (const [i, name] of NAMES.entries()) expect(totals[i]).toBeCloseTo(recorded.weighted[name]!, 5);
    const picker = createProfile({
      picker: registry.create("picker", { type: "max-score-picker" }, environment),
    }).picker;
    const [picked] = picker.pick(contextWith(candidates), candidates, totals);
    expect(totals[picked!]).toBeCloseTo(recorded.weighted[recorded.pick[0]!]!, 5);
  });

  it("are at least five", () => {
    expect(vectors().length).toBeGreaterThanOrEqual(5);
  });
});
