import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { CaseResult, GoldenKind } from "../kind";
import { dynamoHashesKind } from "./dynamo-hashes";
import { llmdBlockKeysKind } from "./llm-d-block-keys";
import { vllmHashesKind } from "./vllm-hashes";

const golden = fileURLToPath(new URL("../../../../../shared/golden/", import.meta.url));
const kinds: readonly (readonly [string, GoldenKind, RegExp])[] = [
  ["vllm/hashes-0.32.0.json", vllmHashesKind, /"digests": ?\[\s*"[0-9a-f]/g],
  ["llm-d/block-keys.json", llmdBlockKeysKind, /"xxh64": ?\[\s*"\d/g],
  ["dynamo/block-hashes.json", dynamoHashesKind, /"local": ?\[\s*"\d/g],
];

async function headOf(path: string): Promise<string> {
  const file = await open(path);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(2048) });
  await file.close();
  return buffer.toString("utf8", 0, bytesRead);
}

async function resultsOf(kind: GoldenKind, path: string): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for await (const result of kind.run(path)) results.push(result);
  return results;
}

// The recordings lie beside the repository; a clone without them skips.
describe.skipIf(!existsSync(golden))("golden kinds of block hashes (needs ../shared/golden)", () => {
  it.each(kinds)("%s: every case passes, and the file is no other kind's", async (file, kind) => {
    const path = join(golden, file);
    const head = await headOf(path);
    expect(kinds.filter(([, other]) => other.matches(path, head)).map(([name]) => name)).toEqual([file]);
    expect(kind.matches(join(tmpdir(), "renamed.json"), head)).toBe(true);
    const results = await resultsOf(kind, path);
    expect(results.length).toBeGreaterThan(20);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });

  it.each(kinds)("%s: a changed digit fails the case and shows it in full", async (file, kind, pattern) => {
    const folder = await mkdtemp(join(tmpdir(), "golden-"));
    try {
      const text = await readFile(join(golden, file), "utf8");
      const changed = text.replace(pattern, (match) => match.slice(0, -1) + (match.endsWith("1") ? "2" : "1"));
      expect(changed).not.toBe(text);
      const path = join(folder, "changed.json");
      await writeFile(path, changed);
      const failed = (await resultsOf(kind, path)).filter(({ passed }) => !passed);
      expect(failed.length).toBeGreaterThan(5);
      for (const { detail } of failed) expect(detail).toMatch(/input .*\nexpected .*\nactual /s);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
