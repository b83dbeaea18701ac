import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readMooncakeTrace, type TraceRequest } from "../trace/mooncake";
import { type ReplayOptions, replay } from "./replay";

const TRACE = fileURLToPath(new URL("../../../../../shared/traces/mooncake-conversation.jsonl", import.meta.url));
const missing = existsSync(TRACE) ? "" : " (skipped: ../shared/traces is not here)";

const base: Omit<ReplayOptions, "trace" | "policy"> = {
  replicas: 8,
  blocksPerReplica: 200_000,
  profile: "qwen3-32b-h100-tp2-2026",
  speed: 1,
  eventDelayMs: 5,
  scrapeIntervalMs: 200,
  seed: 1,
};

/** Conversations of `turns` turns over one shared first block, far enough apart that each turn finds the one before. */
function conversations(count: number, turns: number): TraceRequest[] {
  const requests: TraceRequest[] = [];
  for (let turn = 0; turn < turns; turn++) {
    for (let i = 0; i < count; i++) {
      const ids = [0, ...Array.from({ length: 2 * turn + 2 }, (_, k) => 1 + i * 100 + k)];
      requests.push({
        timestampMs: requests.length * 2000,
        inputTokens: ids.length * 512,
        outputTokens: 4,
        blockIds: Uint32Array.from(ids),
      });
    }
  }
  return requests;
}

describe("replay", () => {
  it("finds every block of the turn before, and predicts what engines report", () => {
    const trace = conversations(16, 4);
    const result = replay({ ...base, trace, policy: "cost" });
    expect(result).toMatchObject({ requests: 64, failed: 0, mispredicted: 0 });
    // A full prompt of n blocks reuses at most n - 1; later turns reuse the whole turn before.
    expect(result.hitBlocks).toBeGreaterThanOrEqual(16 * (3 + 5 + 7));
    const robin = replay({ ...base, trace, policy: "round-robin" });
    expect(robin.requests).toBe(64);
    expect(replay({ ...base, trace, policy: "random" }).hitBlocks).toBeLessThan(result.hitBlocks);
  });

  it("gives the same figures for the same seed", () => {
    const trace = conversations(6, 3);
    expect(replay({ ...base, trace, policy: "random" })).toEqual(replay({ ...base, trace, policy: "random" }));
  });

  it.skipIf(missing)(
    `does not collapse on the conversation trace, where one block starts every prompt${missing}`,
    { timeout: 120_000 },
    async () => {
      const trace = (await readMooncakeTrace(TRACE)).slice(0, 2000);
      const result = replay({ ...base, trace, policy: "cost" });
      expect(result.failed).toBe(0);
      expect(result.maxOverMeanRequests).toBeLessThan(1.6);
      const collapsed = replay({ ...base, trace, policy: "max-prefix" });
      expect(collapsed.maxOverMeanRequests).toBeGreaterThan(4);
    },
  );
});
