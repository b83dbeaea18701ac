import { createNativeHasher } from "@warmpath/block-hashing";
import { type InferenceRequest, type Picker, PREFIX_MATCH, type Scorer, type Tokenizer } from "@warmpath/contracts";
import { createFleet, type Fleet } from "@warmpath/fleet";
import { parseRequest } from "@warmpath/inference-api";
import { createKvIndex, type KvIndexHandle } from "@warmpath/kv-index";
import { ManualClock } from "../../../../tooling/testing/clock";
import { MemoryLogger } from "../../../../tooling/testing/loggers";
import { createDirector } from "../director";
import { createProfile } from "../profile";
import type { Director, DirectorOptions, ScheduledRequest } from "../types";

/** Sent ids pass as they are. */
export const clientTokens: Tokenizer = {
  contractVersion: 1,
  name: "client",
  tokenize(request) {
    const prompt = request.prompt();
    if (prompt.kind !== "tokens") throw new Error(`The tests' tokenizer takes token ids, not ${prompt.kind}.`);
    return { tokenIds: prompt.tokenIds, exact: true, source: "client", multimodal: [] };
  },
};

let requests = 0;

/** A completion request for these token ids, or this text. */
export function requestFor(prompt: readonly number[] | string, fields: object = {}): InferenceRequest {
  const body = new TextEncoder().encode(JSON.stringify({ model: "m", prompt, ...fields }));
  return parseRequest({ api: "completions", body, id: `r${requests++}` });
}

/** The numbers from `from` to before `to`. */
export const tokens = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

export const matchScorer: Scorer = {
  type: "test-match",
  name: "match",
  consumes: [PREFIX_MATCH],
  score(context, candidates, scores) {
    const match = context.get(PREFIX_MATCH);
    if (!match || match.promptTokens === 0) return;
    for (const [i, { endpoint }] of candidates.entries())
      scores[i] = match.matchedTokens(endpoint.slot) / match.promptTokens;
  },
};

export const idleScorer: Scorer = {
  type: "test-idle",
  name: "idle",
  score(_, candidates, scores) {
    for (const [i, { load }] of candidates.entries()) scores[i] = 1 / (1 + load.inFlightRequests);
  },
};

/** The first of the best. */
export const firstBest: Picker = {
  type: "test-best",
  name: "best",
  pick(_, candidates, totals) {
    let best = 0;
    for (let i = 1; i < candidates.length; i++) if (totals[i]! > totals[best]!) best = i;
    return [best];
  },
};

export interface House {
  readonly fleet: Fleet;
  readonly index: KvIndexHandle;
  readonly clock: ManualClock;
  readonly logger: MemoryLogger;
  readonly director: Director;
  schedule(request: InferenceRequest): ScheduledRequest;
}

/** A director over `count` endpoints that serve `m`, the real index and hasher, and a profile of match and idleness. */
export function buildHouse(count: number, options: Partial<DirectorOptions> = {}): House {
  const clock = new ManualClock();
  const logger = new MemoryLogger();
  const fleet = createFleet({ clock, logger, polling: false });
  for (let i = 0; i < count; i++) fleet.add({ url: `http://10.0.0.1:${8000 + i}`, models: ["m"], ready: true });
  const hasher = createNativeHasher({ blockSizeTokens: 16 });
  const index = createKvIndex({ hasher, clock, maxBytes: 2 ** 23 });
  const scorers = [
    { scorer: matchScorer, weight: 10 },
    { scorer: idleScorer, weight: 1 },
  ];
  const director = createDirector({
    ...{ fleet, index, hasher, clock, logger, tokenizer: clientTokens, random: { next: () => 0 } },
    profiles: [createProfile({ scorers, picker: firstBest })],
    ...options,
  });
  return {
    ...{ fleet, index, clock, logger, director },
    schedule: (request) => director.schedule(request) as ScheduledRequest,
  };
}

export const OK = {
  status: "ok",
  httpStatus: 200,
  ttftMs: 1,
  totalMs: 2,
  promptTokens: undefined,
  cachedTokens: undefined,
  outputTokens: 1,
} as const;
