import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { simHttpKind } from "./sim-http";

const RECORDING = fileURLToPath(new URL("../../../../../shared/golden/vllm/http-0.32.0.jsonl", import.meta.url));

describe("simHttpKind", () => {
  it("knows its files by name and by content", () => {
    expect(simHttpKind.matches("/any/where/http-1.2.3.jsonl", "")).toBe(true);
    expect(simHttpKind.matches("/hidden/x.jsonl", '{"run": "r", "name": "n", "method": "GET"')).toBe(true);
    expect(simHttpKind.matches("/golden/vllm/events-0.32.0.jsonl", '{"run": "r", "scenario": "s", "step": 0')).toBe(
      false,
    );
  });

  it.skipIf(!existsSync(RECORDING))("passes every case of the recording (needs ../shared)", async () => {
    const failed: string[] = [];
    let passed = 0;
    for await (const result of simHttpKind.run(RECORDING)) {
      if (result.passed) passed++;
      else failed.push(`${result.name}\n${result.detail?.slice(0, 2500)}`);
    }
    expect(failed).toEqual([]);
    expect(passed).toBeGreaterThan(60);
  });
});
