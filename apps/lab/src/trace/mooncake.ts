import { readFile } from "node:fs/promises";
import { WarmpathError } from "@warmpath/contracts";

/** Tokens of one block in the Mooncake traces. */
export const TRACE_BLOCK_TOKENS = 512;

/** One request of a trace. Its last block may stand for fewer than 512 tokens. */
export interface TraceRequest {
  readonly timestampMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Equal ids are equal blocks at equal prefixes. */
  readonly blockIds: Uint32Array;
}

/** Reads a trace in the Mooncake format: JSON lines of timestamp, input_length, output_length, hash_ids. */
export async function readMooncakeTrace(path: string): Promise<TraceRequest[]> {
  const text = await readFile(path, "utf8");
  return text
    .split("\n")
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => parseLine(line, `${path}:${number}`));
}

function parseLine(line: string, where: string): TraceRequest {
  const row = parseJson(line, where);
  return {
    timestampMs: readNumber(row, "timestamp", where),
    inputTokens: readNumber(row, "input_length", where),
    outputTokens: readNumber(row, "output_length", where),
    blockIds: readIds(row, where),
  };
}

function parseJson(line: string, where: string): Record<string, unknown> {
  try {
    const row: unknown = JSON.parse(line);
    if (typeof row === "object" && row !== null) return row as Record<string, unknown>;
  } catch (cause) {
    throw new WarmpathError("invalid_json", `${where} is not JSON.`, { cause });
  }
  throw new WarmpathError("invalid_json", `${where} is not a JSON object.`);
}

function readNumber(row: Record<string, unknown>, name: string, where: string): number {
  const value = row[name];
  if (typeof value === "number" && value >= 0) return value;
  throw new WarmpathError("invalid_request", `${where}: ${name} must be a number of at least 0.`, { param: name });
}

function readIds(row: Record<string, unknown>, where: string): Uint32Array {
  const ids = row.hash_ids;
  if (Array.isArray(ids) && ids.every((id) => Number.isInteger(id) && id >= 0))
    return Uint32Array.from(ids as number[]);
  throw new WarmpathError("invalid_request", `${where}: hash_ids must be a list of numbers.`, { param: "hash_ids" });
}
