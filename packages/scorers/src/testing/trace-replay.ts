import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createNativeHasher } from "@warmpath/block-hashing";
import {
  type BlockHasher,
  type BlockKeys,
  type HashInput,
  type InferenceRequest,
  PREFIX_MATCH,
  type TokenizedPrompt,
  type Tokenizer,
} from "@warmpath/contracts";
import { createFleet } from "@warmpath/fleet";
import { createKvIndex } from "@warmpath/kv-index";
import { createDirector, type ScheduledRequest } from "@warmpath/scheduling";
import { ManualClock } from "../../../../tooling/testing/clock";
import { createPolicyPlugins, type PolicyName, type PolicyOptions } from "../policies";
import { seededRandom, silentLogger } from "./seeded";

/** One line of a trace in Mooncake's format: equal ids stand for equal blocks of 512 tokens. */
export interface TraceLine {
  readonly timestamp: number;
  readonly output_length: number;
  readonly hash_ids: readonly number[];
}

const PATH = fileURLToPath(new URL("../../../../../shared/traces/mooncake-conversation.jsonl", import.meta.url));

/** Undefined where the trace is not beside the repository. */
export function readConversationTrace(): readonly TraceLine[] | undefined {
  if (!existsSync(PATH)) return undefined;
  return readFileSync(PATH, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as TraceLine);
}

export interface ReplayResult {
  /** Blocks found in the cache of the endpoint that was picked. */
  readonly hits: number;
  readonly blocks: number;
  /** Uncached tokens of the busiest endpoint over the mean. */
  readonly maxOverMean: number;
  /** Requests by slot. */
  readonly requests: readonly number[];
  /** Zero where engines take no time. */
  readonly meanTtftMs: number;
  readonly p99TtftMs: number;
}

export interface ReplayOptions extends Omit<PolicyOptions, "random"> {
  /** What one engine needs for a prompt token and for an output token; 0 = each request is over at once. Default 0. */
  readonly prefillMsPerToken?: number;
  readonly outputMsPerToken?: number;
  readonly speed?: number;
}

const BLOCK = 512;

/** Replays a trace one request after the other over endpoints whose caches never forget, through the real director. */
export function replay(
  trace: readonly TraceLine[],
  policy: PolicyName,
  endpoints: number,
  options: ReplayOptions = {},
): ReplayResult {
  const clock = new ManualClock();
  const random = seededRandom(42);
  const fleet = createFleet({ clock, logger: silentLogger, polling: false });
  for (let i = 0; i < endpoints; i++) fleet.add({ url: `http://10.0.0.1:${8000 + i}`, models: ["m"], ready: true });
  const hasher = new FirstTokenHasher();
  const index = createKvIndex({ hasher, clock, blockSizeTokens: BLOCK });
  const tokenizer = new BlockTokenizer();
  const director = createDirector({
    ...createPolicyPlugins(policy, { ...options, random }),
    ...{ fleet, index, tokenizer, hasher, clock, random, logger: silentLogger, approximateTtlMs: 1e9 },
  });
  const tally = new Tally(endpoints);
  const engines = new Engines(clock, endpoints, options);
  for (const line of trace) {
    clock.advanceTo(line.timestamp / (options.speed ?? 1));
    tokenizer.ids = line.hash_ids;
    const scheduled = director.schedule(REQUEST) as ScheduledRequest;
    tally.add(line.hash_ids.length, scheduled);
    engines.serve(scheduled, line.output_length);
  }
  index.close();
  return { ...tally.result(), ...engines.ttft() };
}

/** Engines that compute one prompt after the other and decode without end of capacity. */
class Engines {
  readonly #busyUntilMs: number[];
  readonly #ttft: number[] = [];

  constructor(
    private readonly clock: ManualClock,
    endpoints: number,
    private readonly options: ReplayOptions,
  ) {
    this.#busyUntilMs = new Array<number>(endpoints).fill(0);
  }

  serve(scheduled: ScheduledRequest, outputTokens: number): void {
    const { prefillMsPerToken = 0, outputMsPerToken = 0 } = this.options;
    const { promptTokens = 0, predictedCachedTokens: cachedTokens = 0 } = scheduled.decision;
    const { slot } = scheduled.target;
    const now = this.clock.nowMs();
    const done = Math.max(now, this.#busyUntilMs[slot]!) + (promptTokens - cachedTokens) * prefillMsPerToken;
    const ttftMs = done - now;
    const totalMs = ttftMs + outputTokens * outputMsPerToken;
    this.#busyUntilMs[slot] = done;
    this.#ttft.push(ttftMs);
    const outcome = { ...DONE, promptTokens, cachedTokens, outputTokens, ttftMs, totalMs };
    after(this.clock, ttftMs, () => scheduled.firstToken());
    after(this.clock, totalMs, () => scheduled.end(outcome));
  }

  ttft(): { meanTtftMs: number; p99TtftMs: number } {
    const sorted = this.#ttft.toSorted((a, b) => a - b);
    const sum = sorted.reduce((a, b) => a + b, 0);
    return { meanTtftMs: sum / sorted.length, p99TtftMs: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
  }
}

function after(clock: ManualClock, delayMs: number, callback: () => void): void {
  if (delayMs > 0) clock.schedule(delayMs, callback);
  else callback();
}

const DONE = { status: "ok", httpStatus: 200 } as const;

const REQUEST = { id: "r", model: "m", body: new Uint8Array(0), maxOutputTokens: 100 } as unknown as InferenceRequest;

/** One more token than the blocks have, so that every block can be reused. */
class BlockTokenizer implements Tokenizer {
  readonly contractVersion = 1;
  readonly name = "blocks";
  ids: readonly number[] = [];

  tokenize(): TokenizedPrompt {
    const tokenIds = new Uint32Array(this.ids.length * BLOCK + 1);
    for (let i = 0; i < this.ids.length; i++) tokenIds[i * BLOCK] = this.ids[i]!;
    return { tokenIds, exact: true, source: "client", multimodal: [] };
  }
}

/** Hashes the first token of each block alone: the others are zero, and a trace has 147 million of them. */
class FirstTokenHasher implements BlockHasher {
  readonly contractVersion = 1;
  readonly algorithm = "first-token";
  readonly #hasher = createNativeHasher({ blockSizeTokens: 1 });

  append({ tokens, toToken, scope }: HashInput, into: BlockKeys): number {
    const blocks = Math.floor(toToken / BLOCK);
    const firsts = Uint32Array.from({ length: blocks }, (_, i) => tokens[i * BLOCK]!);
    into.blockSizeTokens = 1;
    const appended = this.#hasher.append({ tokens: firsts, fromToken: 0, toToken: blocks, scope }, into);
    into.blockSizeTokens = BLOCK;
    return appended;
  }
}

class Tally {
  #hits = 0;
  #blocks = 0;
  readonly #load: number[];
  readonly #requests: number[];

  constructor(endpoints: number) {
    this.#load = new Array<number>(endpoints).fill(0);
    this.#requests = new Array<number>(endpoints).fill(0);
  }

  add(blocks: number, { context, target }: ScheduledRequest): void {
    const hits = (context.get(PREFIX_MATCH)?.matchedTokens(target.slot) ?? 0) / BLOCK;
    this.#hits += hits;
    this.#blocks += blocks;
    this.#load[target.slot]! += (blocks - hits) * BLOCK;
    this.#requests[target.slot]!++;
  }

  result(): Omit<ReplayResult, "meanTtftMs" | "p99TtftMs"> {
    const mean = this.#load.reduce((a, b) => a + b, 0) / this.#load.length;
    return {
      hits: this.#hits,
      blocks: this.#blocks,
      maxOverMean: Math.max(...this.#load) / mean,
      requests: this.#requests,
    };
  }
}
