import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMooncakeTrace, type TraceRequest } from "../trace/mooncake";
import { BlockLru } from "./block-lru";
import { runOracle } from "./oracle";
import * as policies from "./policies";
import { mulberry32, pythonRandrange } from "./random";

const TRACE = fileURLToPath(new URL("../../../../../shared/traces/mooncake-conversation.jsonl", import.meta.url));
const missing = existsSync(TRACE) ? "" : " (skipped: ../shared/traces is not here)";

describe("pythonRandrange", () => {
  it("gives the integers of CPython 3.11", () => {
    const below8 = pythonRandrange(42);
    expect(Array.from({ length: 10 }, () => below8(8))).toEqual([1, 0, 4, 3, 3, 2, 1, 1, 6, 0]);
    const below1000 = pythonRandrange(7);
    expect(Array.from({ length: 5 }, () => below1000(1000))).toEqual([331, 970, 154, 404, 666]);
  });
});

describe("mulberry32", () => {
  it("gives the published sequence of seed 42", () => {
    const random = mulberry32(42);
    expect(random.next()).toBeCloseTo(0.6011037519201636, 15);
    expect(random.next()).toBeCloseTo(0.44829055899754167, 15);
  });
});

describe("BlockLru", () => {
  it("behaves like a map in order of use", () => {
    const prompt = fc.uniqueArray(fc.nat(30), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(prompt, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (prompts, capacity) => {
        const lru = new BlockLru(capacity, 31);
        const model = new Map<number, true>();
        for (const ids of prompts) {
          const firstGap = ids.findIndex((id) => !model.has(id));
          expect(lru.prefixDepth(Uint32Array.from(ids))).toBe(firstGap < 0 ? ids.length : firstGap);
          lru.use(Uint32Array.from(ids));
          for (const id of ids.toReversed()) {
            model.delete(id);
            model.set(id, true);
          }
          for (const id of [...model.keys()].slice(0, Math.max(0, model.size - capacity))) model.delete(id);
        }
      }),
    );
  });
});

describe("runOracle", () => {
  const request = (...ids: number[]): TraceRequest => ({
    timestampMs: 0,
    inputTokens: ids.length * 512,
    outputTokens: 1,
    blockIds: Uint32Array.from(ids),
  });

  it("counts prefix-contiguous hits and the share of the busiest node", () => {
    const trace = [request(0, 1, 2), request(0, 1, 3), request(4, 1), request(0, 1, 2)];
    const one = runOracle(trace, { nodes: 1, capacityBlocks: Number.POSITIVE_INFINITY, policy: policies.maxPrefix() });
    expect(one).toEqual({ hitBlocks: 5, totalBlocks: 11, maxOverMeanLoad: 1 });
    const two = runOracle(trace, { nodes: 2, capacityBlocks: Number.POSITIVE_INFINITY, policy: policies.roundRobin() });
    expect(two).toEqual({ hitBlocks: 2, totalBlocks: 11, maxOverMeanLoad: 10 / 9 });
  });
});

describe.skipIf(missing)(`published figures of the conversation trace${missing}`, () => {
  const percent = ({ hitBlocks, totalBlocks }: { hitBlocks: number; totalBlocks: number }): string =>
    ((100 * hitBlocks) / totalBlocks).toFixed(2);

  it("reproduces every figure to the digit", { timeout: 120_000 }, async () => {
    const trace = await readMooncakeTrace(TRACE);
    const run = (nodes: number, capacityBlocks: number, policy: policies.OraclePolicy) =>
      runOracle(trace, { nodes, capacityBlocks, policy });
    const unlimited = Number.POSITIVE_INFINITY;
    expect(run(1, unlimited, policies.maxPrefix())).toMatchObject({ hitBlocks: 105_710, totalBlocks: 288_500 });
    const lru = [
      [500, 12_168],
      [1000, 12_847],
      [10_000, 61_046],
      [100_000, 104_924],
    ] as const;
    for (const [capacity, hits] of lru) expect(run(1, capacity, policies.maxPrefix()).hitBlocks).toBe(hits);
    const byNodes = [
      [4, "18.89", "19.18", "31.04", "1.001"],
      [8, "13.27", "13.63", "30.14", "1.005"],
      [16, "9.68", "9.91", "29.48", "1.013"],
    ] as const;
    for (const [nodes, random, robin, prefixLoad, balance] of byNodes) {
      expect(percent(run(nodes, unlimited, policies.randomPython()))).toBe(random);
      expect(percent(run(nodes, unlimited, policies.roundRobin()))).toBe(robin);
      const both = run(nodes, unlimited, policies.prefixPlusLoad());
      expect([percent(both), both.maxOverMeanLoad.toFixed(3)]).toEqual([prefixLoad, balance]);
      expect(run(nodes, unlimited, policies.maxPrefix())).toMatchObject({ hitBlocks: 105_710, maxOverMeanLoad: nodes });
    }
    const bounded = [
      [600, 14_717, 30_132],
      [2000, 21_939, 75_265],
      [unlimited, 38_589, 105_049],
    ] as const;
    for (const [capacity, random, prefix] of bounded) {
      expect(run(8, capacity, policies.randomMulberry()).hitBlocks).toBe(random);
      expect(run(8, capacity, policies.boundedPrefix()).hitBlocks).toBe(prefix);
    }
  });
});
