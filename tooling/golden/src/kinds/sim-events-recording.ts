import { readFileSync } from "node:fs";
import type { KvEventBatch } from "@warmpath/contracts";
import { decodeKvEventBatch } from "@warmpath/kv-events";

/** One line of a recording: what was asked of a real engine, what it answered and what it published because of it. */
export interface RecordedLine {
  readonly run: string;
  readonly scenario: string;
  readonly step: number | string;
  readonly request: RecordedRequest | null;
  readonly status: unknown;
  readonly response: unknown;
  readonly frames: readonly (readonly string[])[];
}

export interface RecordedRequest {
  readonly path?: string;
  readonly body?: RecordedBody | null;
  /** Bodies that were sent at once. */
  readonly bodies?: readonly RecordedBody[];
  /** Start number of a replay request. */
  readonly start?: number;
}

export interface RecordedBody {
  readonly model?: string;
  readonly prompt?: readonly number[] | readonly (readonly number[])[];
  readonly max_tokens?: number;
  readonly n?: number;
  readonly stream?: boolean;
  readonly cache_salt?: string;
  readonly prompt_logprobs?: number | null;
  readonly vllm_xargs?: { readonly kv_cache_report_mode?: string };
}

export interface RecordedAnswer {
  readonly choices?: readonly {
    readonly token_ids?: readonly number[] | null;
    readonly prompt_token_ids?: readonly number[] | null;
  }[];
  readonly prompt_token_ids?: readonly number[] | null;
  readonly usage?: RecordedUsage;
  readonly sse?: string;
  readonly note?: string;
  readonly success?: boolean;
}

export interface RecordedUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number } | null;
}

/** A live message of a recording. */
export interface RecordedBatch {
  readonly sequence: number;
  readonly payload: Buffer;
  readonly batch: KvEventBatch;
}

/** Lines of one server from its start on, cut where the recorder reset the prefix cache. */
export interface RecordedLifetime {
  readonly run: string;
  /** Sequence number of its first recorded batch. */
  readonly firstSequence: number;
  readonly groups: readonly (readonly RecordedLine[])[];
}

export function liveBatches(line: RecordedLine): RecordedBatch[] {
  if (line.request && (line.request.start !== undefined || "frames" in line.request)) return [];
  return line.frames.map((frames) => {
    const payload = Buffer.from(frames[2] ?? "", "hex");
    const sequence = Number(BigInt(`0x${frames[1] || "0"}`));
    return { sequence, payload, batch: decodeKvEventBatch(payload) };
  });
}

/**
 * Reads a recording. A server's life ends where the run changes, or where its sequence numbers start anew. The recorder
 * resets the prefix cache before each of its functions, and names every scenario `function: what`.
 */
export function readRecording(path: string): RecordedLifetime[] {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as RecordedLine);
  const lifetimes: { run: string; firstSequence: number; groups: RecordedLine[][] }[] = [];
  let last = -1;
  let functionName = "";
  for (const line of lines) {
    const numbers = liveBatches(line).map(({ sequence }) => sequence);
    const current = lifetimes.at(-1);
    const restarted = numbers[0] !== undefined && numbers[0] <= last;
    const name = line.scenario.split(":")[0] as string;
    if (!current || current.run !== line.run || restarted) {
      lifetimes.push({ run: line.run, firstSequence: -1, groups: [[line]] });
      last = -1;
    } else if (name !== functionName) current.groups.push([line]);
    else current.groups.at(-1)?.push(line);
    functionName = name;
    last = numbers.at(-1) ?? last;
  }
  return lifetimes.map((lifetime) => ({ ...lifetime, firstSequence: firstSequence(lifetime.groups) }));
}

function firstSequence(groups: readonly (readonly RecordedLine[])[]): number {
  for (const line of groups.flat()) {
    const [first] = liveBatches(line);
    if (first) return first.sequence;
  }
  return 0;
}
