import { describe, expect, it } from "vitest";
import { resolveStepTimeProfile, STEP_TIME_PROFILES, stepTimeMs } from "./step-time";

/** P, D, K, Kdup, A, then milliseconds by the 2025 and the 2026 profile. */
const VECTORS = [
  [0, 1, 8000, 0, 0, 16.922, 15.358],
  [0, 32, 256_000, 0, 0, 30.004, 26.456],
  [0, 60, 480_000, 360_000, 0, 34.62, 27.12],
  [8192, 0, 0, 0, 33_554_432, 502.436, 444.592],
  [1272, 30, 240_000, 150_000, 8_827_680, 98.843, 86.409],
  [512, 64, 512_000, 0, 131_072, 60.521, 51.893],
] as const;

describe("stepTimeMs", () => {
  it.each(VECTORS)("gives the published time of P=%d D=%d K=%d Kdup=%d A=%d", (p, d, k, dup, a, of2025, of2026) => {
    const work = {
      prefillTokens: p,
      decodeSequences: d,
      contextTokens: k,
      sharedContextTokens: dup,
      prefillAttention: a,
    };
    expect(Math.abs(stepTimeMs(STEP_TIME_PROFILES["qwen3-32b-h100-tp2-2025"], work) - of2025)).toBeLessThanOrEqual(
      1e-3,
    );
    expect(Math.abs(stepTimeMs(STEP_TIME_PROFILES["qwen3-32b-h100-tp2-2026"], work) - of2026)).toBeLessThanOrEqual(
      1e-3,
    );
  });
});

describe("resolveStepTimeProfile", () => {
  it("names what is known when a name is not", () => {
    expect(() => resolveStepTimeProfile("b200")).toThrow(/"b200".*llama-3\.1-8b-h100-tp1/);
  });

  it("takes a profile as it is", () => {
    const own = { ...STEP_TIME_PROFILES["llama-3.1-70b-h100-tp4"], t0: 1 };
    expect(resolveStepTimeProfile(own)).toBe(own);
  });
});
