import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GoldenKind } from "./kind";
import { runKinds } from "./run";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "golden-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const sums: GoldenKind = {
  name: "test/sums",
  matches: (path, head) => path.endsWith("sums.json") && head.includes("cases"),
  async *run(path) {
    if (path.includes("broken")) throw new Error("cannot be read");
    yield { name: "one", passed: true };
    yield { name: "two", passed: false, detail: "expected 3\ngot 4" };
    yield { name: "three", passed: false, detail: "later" };
  },
};

async function report(): Promise<{ lines: string[]; failed: number; passed: number; skippedFiles: number }> {
  const lines: string[] = [];
  const result = await runKinds([root], [sums], (line) => lines.push(line));
  return { lines, ...result };
}

describe("runKinds", () => {
  it("prints a line a file, the first failure in full, and the sums", async () => {
    mkdirSync(join(root, "a"));
    writeFileSync(join(root, "a", "sums.json"), '{"cases": 3}');
    writeFileSync(join(root, "other.jsonl"), "{}");
    writeFileSync(join(root, "README.md"), "not a recording");
    const { lines, passed, failed, skippedFiles } = await report();
    expect({ passed, failed, skippedFiles }).toEqual({ passed: 1, failed: 2, skippedFiles: 1 });
    expect(lines).toEqual([
      `${join(root, "a", "sums.json")}: 1 passed, 2 failed`,
      "  first failure: test/sums: two\n    expected 3\n    got 4",
      `${join(root, "other.jsonl")}: skipped, no room runs this kind yet`,
      "1 passed, 2 failed, 1 files skipped",
    ]);
  });

  it("counts a kind that throws as a failure", async () => {
    mkdirSync(join(root, "broken"));
    writeFileSync(join(root, "broken", "sums.json"), '{"cases": 3}');
    const { failed, lines } = await report();
    expect(failed).toBe(1);
    expect(lines[1]).toContain("cannot be read");
  });
});
