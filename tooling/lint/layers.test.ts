import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkLayers } from "./layers.mjs";

let root: string;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layers-"));
  write("packages/fleet/package.json", JSON.stringify({ dependencies: { "@warmpath/contracts": "*", yaml: "*" } }));
  write("packages/contracts/package.json", "{}");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("checkLayers", () => {
  it("accepts lower floors, declared libraries and built-in modules", () => {
    write(
      "packages/fleet/src/index.ts",
      'import { x } from "@warmpath/contracts";\nimport "node:fs";\nimport y from "yaml";\nimport "./a";',
    );
    expect(checkLayers(root)).toEqual([]);
  });

  it.each([
    ["a higher floor", 'import { x } from "@warmpath/scheduling";', "floor 4"],
    ["its own floor", 'import type {\n  x,\n} from "@warmpath/kv-index";', "floor 3"],
    ["a file past an entry", 'export * from "@warmpath/contracts/src/tier";', "past the public entry"],
    ["another folder", 'import { x } from "../../contracts/src/index";', "another folder"],
    ["an undeclared library", 'const x = await import("undici");', "does not declare"],
  ])("refuses an import from %s", (_what, line, words) => {
    write("packages/fleet/src/index.ts", line);
    expect(checkLayers(root).join("\n")).toContain(words);
  });

  it("lets a test import declared lower floors only", () => {
    write("packages/fleet/src/index.ts", "export {};");
    write("packages/fleet/src/a.test.ts", 'import { x } from "@warmpath/scheduling";');
    expect(checkLayers(root)).toHaveLength(1);
  });
});
