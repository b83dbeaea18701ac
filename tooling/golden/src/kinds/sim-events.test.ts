import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { CaseResult } from "../kind";
import { simEventsKind } from "./sim-events";

const RECORDING = fileURLToPath(new URL("../../../../../shared/golden/vllm/events-0.32.0.jsonl", import.meta.url));

describe("simEventsKind", () => {
  it("knows its files by name and by content", () => {
    expect(simEventsKind.matches("/any/where/events-1.2.3.jsonl", "")).toBe(true);
    expect(simEventsKind.matches("/hidden/x.jsonl", '{"run": "r", "scenario": "s", "step": 0')).toBe(true);
    expect(simEventsKind.matches("/golden/vllm/http-0.32.0.jsonl", '{"run": "r", "name": "n"')).toBe(false);
  });

  it.skipIf(!existsSync(RECORDING))("passes every case of the recording (needs ../shared)", async () => {
    const failed: CaseResult[] = [];
    let passed = 0;
    for await (const result of simEventsKind.run(RECORDING)) {
      if (result.passed) passed++;
      else failed.push(result);
    }
    expect(failed.map(({ name, detail }) => `${name}\n${detail?.slice(0, 900)}`)).toEqual([]);
    expect(passed).toBeGreaterThan(100);
  });
});
