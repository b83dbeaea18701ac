import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createNativeHasher } from "@warmpath/block-hashing";
import type { KvEvent, KvEventBatch } from "@warmpath/contracts";
import { decodeKvEventBatch } from "@warmpath/kv-events";
import { describe, expect, it } from "vitest";
import { batch, depths, keysOf, makeIndex, sourceOf } from "../test/support";
import type { KvIndexHandle } from "./index";

const folder = fileURLToPath(new URL("../../../../shared/golden/vllm/", import.meta.url));
const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^events-.*\.jsonl$/.test(name)) : [];

interface Body {
  readonly model?: string;
  readonly prompt?: unknown;
  readonly n?: number;
  readonly cache_salt?: string;
  readonly prompt_logprobs?: number;
  readonly vllm_xargs?: { readonly kv_cache_report_mode?: string };
}

interface Line {
  readonly run: string;
  readonly scenario: string;
  readonly step: number | string;
  readonly request: { readonly path?: string; readonly body?: Body | null } | null;
  readonly response: {
    readonly prompt_token_ids?: number[] | null;
    readonly choices?: { readonly prompt_token_ids?: number[] | null }[];
    readonly usage?: { readonly prompt_tokens_details?: { readonly cached_tokens: number } };
  } | null;
  readonly frames: string[][];
}

/** What a real engine has: copies by hash. It knows from the request which announcements are reports. */
class Engine {
  readonly copies = new Map<string, number>();

  take(event: KvEvent, isReport: boolean): void {
    if (event.kind === "cleared") this.copies.clear();
    else {
      for (let i = 0; i < event.blockHashes.length; i += 2) {
        const name = `${event.blockHashes[i]},${event.blockHashes[i + 1]}`;
        const now = this.copies.get(name) ?? 0;
        if (event.kind === "removed") this.set(name, now - 1);
        else if (now === 0 || !isReport || event.parentHash !== undefined) this.set(name, now + 1);
      }
    }
  }

  set(name: string, copies: number): void {
    if (copies === 0) this.copies.delete(name);
    else this.copies.set(name, copies);
  }
}

function batchesOf(line: Line): KvEventBatch[] {
  // Replay answers repeat what was published before.
  if (line.scenario.startsWith("replay: DEALER") || line.scenario.startsWith("replay: malformed")) return [];
  return line.frames.map((frames) => decodeKvEventBatch(Buffer.from(frames.at(-1)!, "hex")));
}

function copiesIn(index: KvIndexHandle): Map<string, number> {
  const found = new Map<string, number>();
  for (const { lo, hi, copies } of index.engineBlocks(sourceOf(3, 0, "tiny"))) found.set(`${lo},${hi}`, copies);
  return found;
}

/** Prompt tokens where one prompt was sent and its cached tokens were reported. */
function promptOf(line: Line): Uint32Array | undefined {
  const body = line.request?.body;
  if (body == null || (body.n ?? 1) > 1 || body.prompt_logprobs !== undefined) return undefined;
  const ids = line.response?.choices?.[0]?.prompt_token_ids ?? line.response?.prompt_token_ids;
  return ids == null ? undefined : Uint32Array.from(ids);
}

describe.skipIf(files.length === 0)("recorded events of a real engine (needs ../shared)", () => {
  for (const file of files) {
    const lines = readFileSync(folder + file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    // A run's server starts with an empty cache; a second appearance of its name is another start.
    const starts = lines.flatMap((line, i) => (line.run !== lines[i - 1]?.run ? [i] : []));
    for (const [n, from] of starts.entries()) {
      const part = lines.slice(from, starts[n + 1]);
      it(`${file}: ${part[0]!.run}, from line ${from + 1}: copies and cached tokens are the engine's`, () => {
        replay(part);
      });
    }
  }
});

function replay(part: readonly Line[]): void {
  const { index } = makeIndex();
  const hasher = createNativeHasher({ blockSizeTokens: 16 });
  const engine = new Engine();
  let compared = 0;
  for (const line of part) {
    const all = batchesOf(line);
    const events = all.flatMap((one) => [...one.events]);
    // A whole prompt computed again, because its logits are asked for, looks like a report: its second copies are not counted.
    const { vllm_xargs: extra, prompt_logprobs: logits } = line.request?.body ?? {};
    const isReport = extra?.kv_cache_report_mode === "full" || logits !== undefined;
    // A reset shows with the next step's events; the engine had done it before the request.
    let reset = 0;
    while (all[0]?.events[reset]?.kind === "cleared") reset++;
    index.apply(sourceOf(3, 0, "tiny"), batch(...events.slice(0, reset)));
    compared += checkPrediction(index, hasher, line);
    for (const [i, one] of all.entries()) {
      index.apply(sourceOf(3, 0, "tiny"), batch(...one.events.slice(i === 0 ? reset : 0)));
    }
    for (const event of events) engine.take(event, isReport);
    // Here the recording leaves events out.
    if (String(line.step).includes("last 3")) continue;
    const where = `${line.scenario} / ${line.step}`;
    const [ours, theirs] = [copiesIn(index), engine.copies];
    expect([...ours.keys()].sort(), where).toEqual([...theirs.keys()].sort());
    expect(new Map([...ours].sort()), where).toEqual(new Map([...theirs].sort()));
  }
  expect(compared).toBeGreaterThan(0);
  expect(index.incidents().unknown_removals).toBe(0);
}

/** Compares the prediction with the engine's report; returns how many were compared. */
function checkPrediction(index: KvIndexHandle, hasher: ReturnType<typeof createNativeHasher>, line: Line): number {
  const prompt = promptOf(line);
  const reported = line.response?.usage?.prompt_tokens_details?.cached_tokens;
  if (prompt === undefined || reported === undefined) return 0;
  const { model = "tiny", cache_salt: salt } = line.request?.body ?? {};
  const keys = keysOf(hasher, prompt, 16, model, salt === undefined ? undefined : [[salt]]);
  const size = index.engineBlockSizeTokens(3);
  const matched = depths(index, keys)[0]?.[1] ?? 0;
  const whole = size === undefined ? 0 : Math.floor((matched * 16) / size);
  const most = size === undefined ? 0 : Math.floor((prompt.length - 1) / size);
  expect(Math.min(whole, most) * (size ?? 0), `${line.scenario} / ${line.step}`).toBe(reported);
  return 1;
}
