import type { EndpointLoad } from "@warmpath/contracts";
import type { CostCoefficients } from "./coefficients";

/** One request on one endpoint, in tokens. */
export interface CostInput {
  /** Prompt tokens. */
  promptTokens: number;
  /** Of those, what the endpoint holds, in all and in the slower tiers. */
  matchedTokens: number;
  cpuTokens: number;
  storageTokens: number;
  /** Tokens that the answer is expected to have. */
  outputTokens: number;
  /** Uncached tokens of a request that others sent and that waits there. */
  foreignPrefillTokens: number;
  /** Time that a request holds its place, from first token to last. */
  residenceMs: number;
}

/** KV usage above which new requests begin to wait for blocks, and at which all do. */
const TIGHT = 0.85;
const FULL = 0.95;

/** Uncached prompt tokens that are computed before this request's: what we booked, and what others have waiting. */
function tokensAhead(load: EndpointLoad, input: CostInput): number {
  const { waitingRequests: waiting, runningRequests: running, inFlightRequests: ours } = load;
  if (waiting === 0) return load.inFlightPrefillTokens;
  const foreign = Math.min(waiting, Math.max(0, waiting + running - ours));
  return load.inFlightPrefillTokens + foreign * load.trust * input.foreignPrefillTokens;
}

/** What decoding adds to each step. */
function decodeStepMs(load: EndpointLoad, k: CostCoefficients): number {
  return k.decodeMsPerSequence * decoding(load) + k.contextMsPerToken * load.inFlightContextTokens;
}

/** Sequences that decode; bookings tell their tokens, and whether there are any. */
function decoding(load: EndpointLoad): number {
  return load.inFlightContextTokens > 0 ? load.inFlightRequests : 0;
}

/** Time to compute `tokens` prompt tokens behind `before` others of the same prompt, without the steps' fixed cost. */
function computeMs(tokens: number, before: number, k: CostCoefficients): number {
  return k.prefillMsPerToken * tokens + k.attentionMsPerTokenPair * tokens * (before + tokens / 2);
}

function tierLoadMs(input: CostInput, k: CostCoefficients): number {
  const cpu = input.cpuTokens > 0 ? k.cpuLoadMs + input.cpuTokens * k.cpuMsPerToken : 0;
  const storage = input.storageTokens > 0 ? k.storageLoadMs + input.storageTokens * k.storageMsPerToken : 0;
  return cpu + storage;
}

/** Requests that wait for KV blocks go on as running ones end. */
function blockWaitMs(load: EndpointLoad, input: CostInput): number {
  if (load.waitingRequests === 0 || load.kvUtilization <= TIGHT) return 0;
  const tightness = Math.min(1, (load.kvUtilization - TIGHT) / (FULL - TIGHT));
  const turns = load.waitingRequests / Math.max(1, load.runningRequests);
  return load.trust * tightness * turns * input.residenceMs;
}

/** Predicted milliseconds to the request's first token on an endpoint with this load. */
export function ttftMs(load: EndpointLoad, input: CostInput, k: CostCoefficients): number {
  const uncached = input.promptTokens - input.matchedTokens;
  const ahead = tokensAhead(load, input);
  const stepMs = k.stepMs + decodeStepMs(load, k);
  const steps = Math.max(1, Math.ceil((ahead + uncached) / k.chunkTokens));
  const work = computeMs(ahead, 0, k) + computeMs(uncached, input.matchedTokens, k);
  // On average half of a step runs already when the request comes.
  const running = load.inFlightRequests > 0 ? (stepMs + k.weightReadMs) / 2 : 0;
  return running + steps * stepMs + Math.max(k.weightReadMs, work) + tierLoadMs(input, k) + blockWaitMs(load, input);
}

/** Predicted slow-down of those who decode there, summed over them, by this request's own decoding beside theirs. */
export function interferenceMs(load: EndpointLoad, input: CostInput, k: CostCoefficients): number {
  const perStep = k.decodeMsPerSequence + k.contextMsPerToken * input.promptTokens;
  return decoding(load) * input.outputTokens * perStep;
}

/** Time that the endpoint's prefill takes for this request, queues and steps aside: the capacity it uses up. */
export function workMs(input: CostInput, k: CostCoefficients): number {
  return computeMs(input.promptTokens - input.matchedTokens, input.matchedTokens, k);
}
