import type { EndpointLoad } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { candidatesWith } from "../testing/candidates";
import { COST_PROFILES } from "./coefficients";
import { type CostInput, interferenceMs, ttftMs, workMs } from "./cost-model";

const k = COST_PROFILES["qwen3-32b-h100-tp2"];
const load = (given: Partial<EndpointLoad> = {}): EndpointLoad => candidatesWith(given)[0]!.load;
const input = (given: Partial<CostInput> = {}): CostInput => ({
  ...{ promptTokens: 8192, matchedTokens: 0, cpuTokens: 0, storageTokens: 0 },
  ...{ outputTokens: 100, foreignPrefillTokens: 1000, residenceMs: 5000 },
  ...given,
});

describe("ttftMs", () => {
  it("is one prefill step on an idle engine: the published step of 8192 tokens", () => {
    expect(ttftMs(load(), input(), k)).toBeCloseTo(444.592, 3);
  });

  it("is one step at least, and reads the weights once", () => {
    expect(ttftMs(load(), input({ promptTokens: 10, matchedTokens: 0 }), k)).toBeCloseTo(15, 9);
    expect(ttftMs(load(), input({ matchedTokens: 8176 }), k)).toBeCloseTo(15, 9);
  });

  it("waits for the prefill that is booked there, and for that of others", () => {
    const alone = ttftMs(load(), input({ promptTokens: 100 }), k);
    const booked = ttftMs(load({ inFlightRequests: 1, inFlightPrefillTokens: 8000 }), input({ promptTokens: 100 }), k);
    expect(booked - alone).toBeGreaterThan(0.046 * 8000 - 15);
    const foreign = { waitingRequests: 3, runningRequests: 2, inFlightRequests: 3 };
    const own = { waitingRequests: 3, runningRequests: 2, inFlightRequests: 5 };
    const extra = ttftMs(load(foreign), input(), k) - ttftMs(load(own), input(), k);
    expect(extra).toBeCloseTo(0.046 * 2000 + k.stepMs + (1.93e-6 * 2000 * 2000) / 2, 6);
    expect(ttftMs(load({ ...foreign, trust: 0 }), input(), k)).toBeCloseTo(ttftMs(load(own), input(), k), 9);
  });

  it("waits for KV blocks only where the cache is tight and requests wait", () => {
    const full = { waitingRequests: 4, runningRequests: 8, inFlightRequests: 12, kvUtilization: 0.99 };
    const roomy = ttftMs(load({ ...full, kvUtilization: 0.5 }), input(), k);
    expect(ttftMs(load(full), input(), k) - roomy).toBeCloseTo((4 / 8) * 5000, 6);
    expect(ttftMs(load({ ...full, waitingRequests: 0 }), input(), k)).toBeLessThanOrEqual(roomy);
  });

  it("pays for loading blocks from slower tiers, yet less than for computing them", () => {
    const gpu = ttftMs(load(), input({ matchedTokens: 4096 }), k);
    const cpu = ttftMs(load(), input({ matchedTokens: 4096, cpuTokens: 4096 }), k);
    const storage = ttftMs(load(), input({ matchedTokens: 4096, storageTokens: 4096 }), k);
    const none = ttftMs(load(), input(), k);
    expect([gpu < cpu, cpu < storage, storage < none]).toEqual([true, true, true]);
  });

  it("never falls with more load or a shorter match", () => {
    const size = fc.integer({ min: 0, max: 50_000 });
    fc.assert(
      fc.property(size, size, size, size, (prompt, match, queue, context) => {
        const matchedTokens = Math.min(match, prompt);
        const at = (q: number, c: number, m: number): number =>
          ttftMs(
            load({ inFlightRequests: 5, inFlightPrefillTokens: q, inFlightContextTokens: c }),
            input({ promptTokens: prompt, matchedTokens: m }),
            k,
          );
        expect(at(queue + 1000, context, matchedTokens)).toBeGreaterThanOrEqual(at(queue, context, matchedTokens));
        expect(at(queue, context + 1000, matchedTokens)).toBeGreaterThanOrEqual(at(queue, context, matchedTokens));
        expect(at(queue, context, Math.floor(matchedTokens / 2))).toBeGreaterThanOrEqual(
          at(queue, context, matchedTokens),
        );
      }),
    );
  });
});

describe("interferenceMs", () => {
  it("is nothing where nobody decodes, and grows with those who do", () => {
    expect(interferenceMs(load(), input(), k)).toBe(0);
    const busy = interferenceMs(load({ inFlightRequests: 10, inFlightContextTokens: 80_000 }), input(), k);
    expect(busy).toBeCloseTo(10 * 100 * (0.01 + 0.042e-3 * 8192), 9);
  });
});

describe("workMs", () => {
  it("is the uncached tokens' linear and attention time", () => {
    expect(workMs(input({ promptTokens: 3000, matchedTokens: 1000 }), k)).toBeCloseTo(
      0.046 * 2000 + 1.93e-6 * 2000 * (1000 + 1000),
      9,
    );
    expect(workMs(input({ matchedTokens: 8192 }), k)).toBe(0);
  });
});
