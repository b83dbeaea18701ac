import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const root = fileURLToPath(new URL("../../..", import.meta.url));
const snippets = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);

/** Type errors of snippets that stand in this package's folder, by snippet. */
function errorsOf(texts: readonly string[]): string[][] {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const files = new Map(texts.map((text, i) => [fileURLToPath(new URL(`readme-${i}.ts`, import.meta.url)), text]));
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.getSourceFile = (path, target) => {
    const text = files.get(path);
    return text === undefined ? getSourceFile(path, target) : ts.createSourceFile(path, text, target);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].map((path) => {
    const source = program.getSourceFile(path);
    const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return diagnostics.map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
  });
}

describe("README", () => {
  it("has snippets that compile", () => {
    expect(snippets).toHaveLength(1);
    const wrong = `${snippets[0]!}\nconst wrong: string = matches.count;`;
    const [first, control] = errorsOf([...snippets, wrong]);
    expect(first).toEqual([]);
    expect(control).toHaveLength(1);
  });
});
