import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { CaseResult } from "../kind";
import { simEventsKind } from "./sim-events";

const RECORDING = fileURLToPath(new URL("../../../../../shared/golden/vllm/events-0.32.0.jsonl", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "sim-events-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(path: string): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for await (const result of simEventsKind.run(path)) results.push(result);
  return results;
}

/** Cases that fail when the lines of one scenario are changed. */
async function failuresWith(scenario: RegExp, change: (line: string) => string): Promise<string[]> {
  const lines = readFileSync(RECORDING, "utf8").split("\n");
  const path = join(folder, "events-changed.jsonl");
  const changed = lines.map((line) => (scenario.test(line.slice(0, 300)) ? change(line) : line));
  expect(changed).not.toEqual(lines);
  writeFileSync(path, changed.join("\n"));
  return (await run(path)).filter(({ passed }) => !passed).map(({ name }) => name);
}

describe("simEventsKind", () => {
  it("knows its files by name and by content", () => {
    expect(simEventsKind.matches("/any/where/events-1.2.3.jsonl", "")).toBe(true);
    expect(simEventsKind.matches("/hidden/x.jsonl", '{"run": "r", "scenario": "s", "step": 0')).toBe(true);
    expect(simEventsKind.matches("/golden/vllm/http-0.32.0.jsonl", '{"run": "r", "name": "n"')).toBe(false);
  });

  it.skipIf(!existsSync(RECORDING))("passes every case of the recording (needs ../shared)", async () => {
    const results = await run(RECORDING);
    const failed = results.filter(({ passed }) => !passed);
    expect(failed.map(({ name, detail }) => `${name}\n${detail?.slice(0, 900)}`)).toEqual([]);
    expect(results.length).toBeGreaterThan(100);
  });

  it.skipIf(!existsSync(RECORDING)).each([
    [
      "a cached token more",
      /"plain: /,
      /"step": 1, /,
      (line: string) => line.replace('"cached_tokens": 96', '"cached_tokens": 128'),
    ],
    [
      "a removal too many",
      /"evict: /,
      /"step": 5, /,
      (line: string) => line.replace(/(\["", "0000000000000005", "[0-9a-f]+"\])/, "$1, $1"),
    ],
    [
      "another parent",
      /"tails: /,
      /"step": 1, /,
      (line: string) => line.replace(/(745f626c6f636b5f68617368cf)../, "$1ff"),
    ],
    ["another token", /"concurrent: /, /"step": 0, /, (line: string) => line.replace(/cd2\d/, "cd2f")],
    ["no batch", /"exact: /, /"step": 2, /, (line: string) => line.replace(/"frames": .*/, '"frames": []}')],
    [
      "a reset that works",
      /"busy: /,
      /"step": 1, /,
      (line: string) => line.replace('"success": false', '"success": true'),
    ],
  ])("fails for %s", async (_what, scenario, step, change) => {
    const both = new RegExp(`${scenario.source}.*${step.source}`);
    const failed = await failuresWith(both, change);
    expect(failed.length).toBeGreaterThan(0);
    expect(scenario.test(`"${failed[0]?.split(": ").slice(1).join(": ")}`)).toBe(true);
  });
});
