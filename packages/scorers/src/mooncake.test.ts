import { describe, expect, it } from "vitest";
import { readConversationTrace, replay, type TraceLine } from "./testing/trace-replay";

const trace = readConversationTrace();
const missing = trace ? "" : " (skipped: ../shared/traces is not here)";

/** Hits of "bounded prefix" over 8 endpoints with endless caches, as published for this trace. */
const PUBLISHED_BOUNDED_PREFIX = 105_049;

describe.skipIf(!trace)(`conversation trace over 8 endpoints with endless caches${missing}`, () => {
  const run = (...given: Parameters<typeof replay> extends [unknown, ...infer Rest] ? Rest : never) =>
    replay(trace!, ...given);

  it("random, round-robin and max-prefix hit what is published, to the block", () => {
    expect(run("random", 8)).toMatchObject({ hits: 38_589, blocks: 288_500 });
    expect(run("round-robin", 8).hits).toBe(39_315);
    expect(run("max-prefix", 8)).toMatchObject({ hits: 105_710, maxOverMean: 8 });
  });

  it("prefix+load and bounded-prefix come within half a percent of what is published", () => {
    const prefixLoad = run("prefix+load", 8);
    expect(prefixLoad.hits / prefixLoad.blocks).toBeGreaterThan(0.3014 * 0.99);
    expect(prefixLoad.maxOverMean).toBeLessThan(1.006);
    const bounded = run("bounded-prefix", 8);
    expect(Math.abs(bounded.hits / PUBLISHED_BOUNDED_PREFIX - 1)).toBeLessThan(0.005);
  });

  it("the default policy hits at least as often as bounded prefix, and every endpoint has its share of work", () => {
    const result = run("cost", 8);
    expect(result.hits).toBeGreaterThanOrEqual(PUBLISHED_BOUNDED_PREFIX);
    expect(result.maxOverMean).toBeLessThanOrEqual(1.05);
    expect(Math.min(...result.requests)).toBeGreaterThan(0);
  });

  it("the default policy does so under load too, and first tokens come sooner", () => {
    const busy = { prefillMsPerToken: 0.055, outputMsPerToken: 25 };
    for (const speed of [1, 6]) {
      const result = run("cost", 8, { ...busy, speed });
      const bounded = run("bounded-prefix", 8, { ...busy, speed });
      expect(result.hits).toBeGreaterThanOrEqual(PUBLISHED_BOUNDED_PREFIX);
      expect(result.maxOverMean).toBeLessThanOrEqual(1.05);
      expect(result.meanTtftMs).toBeLessThan(0.9 * bounded.meanTtftMs);
      expect(result.p99TtftMs).toBeLessThan(0.9 * bounded.p99TtftMs);
    }
  });
});

describe("a prefix that all requests share", () => {
  /** `requests` prompts with one prefix of `shared` blocks and a block of their own, `gapMs` apart. */
  const sharedPrefix = (shared: number, requests: number, gapMs: number): TraceLine[] =>
    Array.from({ length: requests }, (_, i) => ({
      timestamp: i * gapMs,
      output_length: 250,
      hash_ids: [...Array.from({ length: shared }, (__, block) => 1_000_000 + block), i],
    }));

  it.each([
    [1, 130],
    [4, 130],
    [12, 130],
    [100, 280],
  ])("of %i blocks does not collapse the fleet in a burst", (shared, most) => {
    const busy = { prefillMsPerToken: 0.055, outputMsPerToken: 25 };
    const result = replay(sharedPrefix(shared, 400, 2), "cost", 4, busy);
    expect(Math.max(...result.requests)).toBeLessThanOrEqual(most);
    expect(result.hits / result.blocks).toBeGreaterThan(0.95 * (shared / (shared + 1)));
  });

  it.each([1, 4, 12])("of %i blocks does not collapse an idle fleet", (shared) => {
    const result = replay(sharedPrefix(shared, 2000, 1000), "cost", 4);
    expect(Math.max(...result.requests)).toBeLessThanOrEqual(750);
  });

  it("collapses the fleet under a pure longest-prefix rule", () => {
    expect(Math.max(...replay(sharedPrefix(1, 400, 2), "max-prefix", 4).requests)).toBe(400);
  });
});
