import type { Candidate, EndpointLoad, PrefixMatch, SchedulingContext } from "@warmpath/contracts";
import { PREFIX_MATCH } from "@warmpath/contracts";

const IDLE: EndpointLoad = {
  waitingRequests: 0,
  runningRequests: 0,
  kvUtilization: 0,
  kvBlocksTotal: undefined,
  engineBlockSizeTokens: 16,
  updatedAtMs: 0,
  trust: 1,
  inFlightRequests: 0,
  inFlightPrefillTokens: 0,
  inFlightContextTokens: 0,
};

/** One candidate per load, in slots 0, 1, … */
export function candidatesWith(...loads: readonly Partial<EndpointLoad>[]): Candidate[] {
  return loads.map((load, slot) => ({
    load: { ...IDLE, ...load },
    endpoint: {
      ...{ id: `e${slot}`, slot, url: `http://10.0.0.1:${slot + 1}`, models: ["m"], labels: {} },
      ...{ dataParallelRank: undefined, kvEvents: undefined },
    },
  }));
}

/** A match of `promptTokens` with `matched[slot]` tokens at each slot, all in one tier. */
export function matchOf(promptTokens: number, matched: readonly number[], tier = 0): PrefixMatch {
  return {
    promptTokens,
    matchedTokens: (slot) => matched[slot] ?? 0,
    matchedTokensInTier: (slot, asked) => (asked === tier ? (matched[slot] ?? 0) : 0),
  };
}

/** A context with these candidates and, where given, a match. */
export function contextWith(candidates: readonly Candidate[], match?: PrefixMatch, nowMs = 0): SchedulingContext {
  const data = new Map<string, unknown>();
  const context: SchedulingContext = {
    request: {
      id: "r",
      model: "m",
      body: new Uint8Array(400),
      maxOutputTokens: 100,
    } as unknown as SchedulingContext["request"],
    nowMs,
    candidates,
    prompt: match && {
      ...{ tokenIds: new Uint32Array(match.promptTokens), exact: true, source: "test", multimodal: [] },
    },
    keys: undefined,
    get: (key) => data.get(`${key.type}/${key.producer}`) as never,
    set: (key, value) => void data.set(`${key.type}/${key.producer}`, value),
  };
  if (match) context.set(PREFIX_MATCH, match);
  return context;
}
