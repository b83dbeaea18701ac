import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import type { CaseResult, GoldenKind } from "./kind";

/** Bytes of a file that a kind may look at to recognise it. */
const HEAD_BYTES = 4096;
/** Endings of recordings; scripts and pages beside them are not recordings. */
const RECORDING = /\.(json|jsonl|ya?ml|txt)$/;

/** What one file came to. */
interface FileReport {
  readonly passed: number;
  readonly failed: number;
  readonly firstFailure: CaseResult | undefined;
}

export interface GoldenSums {
  readonly passed: number;
  readonly failed: number;
  readonly skippedFiles: number;
}

/** Runs every recording under `paths` against all kinds that know it; `print` gets the report line by line. */
export async function runKinds(
  paths: readonly string[],
  kinds: readonly GoldenKind[],
  print: (line: string) => void,
): Promise<GoldenSums> {
  const sums = { passed: 0, failed: 0, skippedFiles: 0 };
  for (const path of paths.flatMap(listRecordings)) {
    const known = findKinds(path, kinds);
    if (known.length === 0) {
      sums.skippedFiles++;
      print(`${path}: skipped, no room runs this kind yet`);
      continue;
    }
    const { passed, failed, firstFailure } = await runFile(path, known);
    sums.passed += passed;
    sums.failed += failed;
    print(`${path}: ${passed} passed, ${failed} failed`);
    if (firstFailure) print(`  first failure: ${firstFailure.name}\n${indent(firstFailure.detail ?? "no detail")}`);
  }
  const skipped = sums.skippedFiles > 0 ? `, ${sums.skippedFiles} files skipped` : "";
  print(`${sums.passed} passed, ${sums.failed} failed${skipped}`);
  return sums;
}

function listRecordings(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const child = join(path, entry.name);
      if (entry.isDirectory()) return listRecordings(child);
      return RECORDING.test(entry.name) ? [child] : [];
    });
}

function findKinds(path: string, kinds: readonly GoldenKind[]): GoldenKind[] {
  const head = readHead(path);
  const name = path.split(sep).join("/");
  return kinds.filter((kind) => kind.matches(name, head));
}

function readHead(path: string): string {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(HEAD_BYTES);
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/** A kind that throws has failed, whatever it had passed before. */
async function runFile(path: string, kinds: readonly GoldenKind[]): Promise<FileReport> {
  const report = { passed: 0, failed: 0, firstFailure: undefined as CaseResult | undefined };
  for (const kind of kinds) {
    for await (const result of cases(path, kind)) {
      if (result.passed) {
        report.passed++;
        continue;
      }
      report.failed++;
      report.firstFailure ??= { ...result, name: `${kind.name}: ${result.name}` };
    }
  }
  return report;
}

async function* cases(path: string, kind: GoldenKind): AsyncIterable<CaseResult> {
  let any = false;
  try {
    for await (const result of kind.run(path)) {
      any = true;
      yield result;
    }
  } catch (error) {
    any = true;
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    yield { name: "the file", passed: false, detail };
  }
  if (!any) yield { name: "the file", passed: false, detail: "has no case" };
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
