import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The TypeScript snippets of the page at `url`, in order. */
export function readSnippets(url: URL): string[] {
  return [...readFileSync(url, "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);
}

/** Type errors of `texts`, each as a file of its own in the folder of the file at `url`. */
export function typeErrors(texts: readonly string[], url: string): string[][] {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const files = new Map(texts.map((text, i) => [fileURLToPath(new URL(`readme-${i}.ts`, url)), text]));
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
