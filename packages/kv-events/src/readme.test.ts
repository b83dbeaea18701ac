import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const root = fileURLToPath(new URL("../../..", import.meta.url));
const snippets = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);

/** Type errors of a snippet that stands in this package's folder. */
function errorsOf(snippet: string): string[] {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const name = fileURLToPath(new URL("readme-snippet.ts", import.meta.url));
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === name || fileExists(path);
  host.getSourceFile = (path, target) =>
    path === name ? ts.createSourceFile(path, snippet, target) : getSourceFile(path, target);
  const program = ts.createProgram([name], options, host);
  const diagnostics = ts.getPreEmitDiagnostics(program, program.getSourceFile(name));
  return diagnostics.map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
}

describe("README", () => {
  it("has snippets that compile", () => {
    expect(snippets).toHaveLength(2);
    for (const snippet of snippets) expect(errorsOf(snippet)).toEqual([]);
    expect(errorsOf(`${snippets[1]!}\nconst wrong: string = sequence;`)).not.toEqual([]);
  });
});
