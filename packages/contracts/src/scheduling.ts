import type { BlockKeys } from "./block-keys";
import type { Endpoint, EndpointLoad } from "./endpoint";
import type { InferenceRequest } from "./request";
import type { TokenizedPrompt } from "./tokenizer";

/** An endpoint under consideration, with its load at this moment. */
export interface Candidate {
  readonly endpoint: Endpoint;
  readonly load: EndpointLoad;
}

/** Names a piece of data that producers leave for scorers: `type` says what, `producer` whose. */
export interface DataKey<T> {
  readonly type: string;
  readonly producer: string;
  /** Carries the type only; never set. */
  readonly _value?: T;
}

/** What one request's scheduling knows. Lives from admission to the last byte of the answer. */
export interface SchedulingContext {
  readonly request: InferenceRequest;
  /** Clock time at which scheduling began. */
  readonly nowMs: number;
  /** All endpoints that serve the request's model. */
  readonly candidates: readonly Candidate[];
  /** Undefined when nothing could tokenize it. */
  readonly prompt: TokenizedPrompt | undefined;
  /** Block keys of the prompt. Where its ids are an estimate, they match earlier bookings only, never an engine's events. */
  readonly keys: BlockKeys | undefined;
  get<T>(key: DataKey<T>): T | undefined;
  set<T>(key: DataKey<T>, value: T): void;
}

/** What an endpoint could reuse of this prompt. */
export interface PrefixMatch {
  /** Tokens of the prompt. */
  readonly promptTokens: number;
  /** Tokens the endpoint would take from its cache, by whole engine blocks; at least one token is always computed. */
  matchedTokens(slot: number): number;
  /** Of those, the tokens in one tier. */
  matchedTokensInTier(slot: number, tier: number): number;
}

/** Where the built-in prefix producer leaves its `PrefixMatch`. */
export const PREFIX_MATCH: DataKey<PrefixMatch> = { type: "prefix-match", producer: "prefix-producer" };

/** Predicted milliseconds by candidate, in the order of `SchedulingContext.candidates`. */
export interface CostPrediction {
  /** Time to the request's own first token. */
  readonly ttftMs: Float64Array;
  /** Slow-down that the request causes to those already there. */
  readonly interferenceMs: Float64Array;
}

/** Where the cost producer leaves its `CostPrediction`. */
export const COST_PREDICTION: DataKey<CostPrediction> = { type: "cost-prediction", producer: "cost-producer" };

interface Plugin {
  /** The type string by which a configuration names it. */
  readonly type: string;
  /** The instance's name; the type where none was given. */
  readonly name: string;
}

/** Computes data once per request, before any profile runs. */
export interface DataProducer extends Plugin {
  readonly produces: readonly DataKey<unknown>[];
  readonly consumes?: readonly DataKey<unknown>[];
  produce(context: SchedulingContext, signal?: AbortSignal): void | Promise<void>;
}

/** Drops candidates. Returning none ends the profile. */
export interface Filter extends Plugin {
  filter(context: SchedulingContext, candidates: readonly Candidate[]): readonly Candidate[];
}

/** Rates candidates. */
export interface Scorer extends Plugin {
  readonly consumes?: readonly DataKey<unknown>[];
  /** Writes a score for `candidates[i]` to `scores[i]`; outside [0, 1] it is clamped before it is weighted. */
  score(context: SchedulingContext, candidates: readonly Candidate[], scores: Float64Array): void;
}

/** Chooses among rated candidates. */
export interface Picker extends Plugin {
  /** Returns indices into `candidates`, best first; at least one. `totals[i]` is the weighted sum of candidate i. */
  pick(context: SchedulingContext, candidates: readonly Candidate[], totals: Float64Array): readonly number[];
}

/** Result of one profile: targets best first; undefined where it failed. */
export interface ProfileResult {
  readonly profile: string;
  readonly targets: readonly Candidate[];
}

/** Says which profiles run and which result is the primary one. */
export interface ProfileHandler extends Plugin {
  /** Names of the profiles to run now; empty when done. */
  next(context: SchedulingContext, done: ReadonlyMap<string, ProfileResult | undefined>): readonly string[];
  /** Name of the profile whose targets get the request. */
  primary(context: SchedulingContext, done: ReadonlyMap<string, ProfileResult | undefined>): string;
}

/** What an answer said when it ended. Fields are undefined where the engine did not tell. */
export interface RequestOutcome {
  /** `ok`, `aborted` by the client, `failed` by the engine. */
  readonly status: "ok" | "aborted" | "failed";
  readonly httpStatus: number | undefined;
  /** From dispatch to the first byte of the body. */
  readonly ttftMs: number | undefined;
  readonly totalMs: number;
  readonly promptTokens: number | undefined;
  readonly cachedTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

/** Told about a request after it was sent; all methods optional. For producers and scorers that learn. */
export interface RequestObserver {
  onDispatch?(context: SchedulingContext, decision: Decision): void;
  onFirstToken?(context: SchedulingContext, decision: Decision): void;
  onEnd?(context: SchedulingContext, decision: Decision, outcome: RequestOutcome): void;
}

/** How one candidate fared. */
export interface CandidateExplanation {
  readonly endpointId: string;
  readonly matchedTokens: number;
  /** By tier. */
  readonly matchedTokensByTier: readonly number[];
  readonly predictedTtftMs: number | undefined;
  /** Weighted sum; undefined when a filter dropped it. */
  readonly total: number | undefined;
  /** Raw score by scorer name, before clamp and weight. */
  readonly scores: Readonly<Record<string, number>>;
}

/** Where a request goes, and why. */
export interface Decision {
  readonly requestId: string;
  readonly model: string;
  /** Where to send it; the others are fall-overs in order. */
  readonly targets: readonly Endpoint[];
  readonly profile: string;
  /** Tokens of the prompt; undefined when not even an estimate exists. */
  readonly promptTokens: number | undefined;
  /** Tokens that the first target should report as cached; undefined when the ids are not exact. */
  readonly predictedCachedTokens: number | undefined;
  readonly predictedTtftMs: number | undefined;
  /** What decided, in a few words: `prefix`, `load`, `only candidate`, `tie` … */
  readonly reason: string;
  /** Steps down that were taken: `no-tokenizer`, `no-index`, `stale-metrics` … */
  readonly degraded: readonly string[];
  /** Milliseconds spent on deciding. */
  readonly decideMs: number;
  /** Computed when asked for. */
  explain(): readonly CandidateExplanation[];
}
