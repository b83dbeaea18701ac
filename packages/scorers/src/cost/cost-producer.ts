import {
  COST_PREDICTION,
  type DataKey,
  type DataProducer,
  type Decision,
  PREFIX_MATCH,
  type PrefixMatch,
  type RequestObserver,
  type RequestOutcome,
  type SchedulingContext,
  TIER_CPU,
  TIER_STORAGE,
} from "@warmpath/contracts";
import { promptTokens, uncachedTokens } from "../work-account";
import { Balance, type BalanceOptions } from "./balance";
import { COST_PROFILES, type CostCoefficients, DEFAULT_COST_PROFILE } from "./coefficients";
import { type CostInput, interferenceMs, ttftMs, workMs } from "./cost-model";
import { Popularity } from "./popularity";

export const COST_PRODUCER = "cost-producer";

/**
 * Price in ms of the capacity that the request would use up on each candidate, beyond the one where it needs least, in
 * the order of `SchedulingContext.candidates`: what its work costs those who come later.
 */
export const COST_CAPACITY: DataKey<Float64Array> = { type: "cost-capacity", producer: COST_PRODUCER };

/** Options of `createCostProducer`. */
export interface CostProducerOptions {
  /** Default: those of `DEFAULT_COST_PROFILE`. */
  readonly coefficients?: CostCoefficients | undefined;
  readonly balance?: BalanceOptions | undefined;
  /**
   * Milliseconds that later requests lose for each millisecond of prefill while nothing waits; it grows with each request
   * that waits per endpoint. Keeps a conversation where its blocks are through a short queue, and under overload, when
   * work done twice would cost most. Prompts that part at the same block share it, because a copy of a prefix that many
   * have in common serves them all. Default 24.
   */
  readonly workWeight?: number | undefined;
}

/** Arrays of one request. */
class CostArrays {
  ttftMs = new Float64Array(0);
  interferenceMs = new Float64Array(0);
  capacityMs = new Float64Array(0);

  reserve(count: number): void {
    if (this.ttftMs.length >= count) return;
    this.ttftMs = new Float64Array(count);
    this.interferenceMs = new Float64Array(count);
    this.capacityMs = new Float64Array(count);
  }
}

/** Weight of a new observation in a running mean. */
const GAIN = 0.02;
const POPULARITY_HALF_LIFE_MS = 60_000;
/** Arrays kept for later requests. */
const MAX_FREE = 256;

/** Predicts the cost of every candidate in ms. Learns from answers how long they are. */
class CostProducer implements DataProducer, RequestObserver {
  readonly type = COST_PRODUCER;
  readonly name = COST_PRODUCER;
  readonly produces = [COST_PREDICTION, COST_CAPACITY];
  readonly consumes = [PREFIX_MATCH];
  readonly #coefficients: CostCoefficients;
  readonly #balance: Balance;
  readonly #workWeight: number;
  readonly #popularity = new Popularity(POPULARITY_HALF_LIFE_MS);
  readonly #free: CostArrays[] = [];
  #meanOutputTokens = 256;
  readonly #input: CostInput = {
    promptTokens: 0,
    matchedTokens: 0,
    cpuTokens: 0,
    storageTokens: 0,
    outputTokens: 0,
    foreignPrefillTokens: 1024,
    residenceMs: 5000,
  };

  constructor(options: CostProducerOptions) {
    this.#coefficients = options.coefficients ?? COST_PROFILES[DEFAULT_COST_PROFILE];
    this.#balance = new Balance(options.balance);
    this.#workWeight = options.workWeight ?? 24;
  }

  produce(context: SchedulingContext): void {
    const { candidates } = context;
    const costs = this.#free.pop() ?? new CostArrays();
    costs.reserve(candidates.length);
    const input = this.#input;
    input.promptTokens = promptTokens(context);
    // Whatever a client asks for, no request makes an engine faster.
    const asked = Math.max(0, context.request.maxOutputTokens ?? Number.POSITIVE_INFINITY);
    input.outputTokens = Math.min(asked, this.#meanOutputTokens);
    const match = context.get(PREFIX_MATCH);
    const workWeight = (this.#workWeight * (1 + this.#queued(context))) / (1 + this.#popularityOf(context, match));
    for (let i = 0; i < candidates.length; i++) {
      const { endpoint, load } = candidates[i]!;
      input.matchedTokens = match?.matchedTokens(endpoint.slot) ?? 0;
      input.cpuTokens = match?.matchedTokensInTier(endpoint.slot, TIER_CPU) ?? 0;
      input.storageTokens = match?.matchedTokensInTier(endpoint.slot, TIER_STORAGE) ?? 0;
      costs.ttftMs[i] = ttftMs(load, input, this.#coefficients);
      costs.interferenceMs[i] = interferenceMs(load, input, this.#coefficients);
      costs.capacityMs[i] = workWeight * workMs(input, this.#coefficients);
    }
    subtractLeast(costs.capacityMs, candidates.length);
    this.#balance.addPrices(candidates, context.nowMs, this.#coefficients.prefillMsPerToken, costs.capacityMs);
    context.set(COST_PREDICTION, costs);
    context.set(COST_CAPACITY, costs.capacityMs);
  }

  /** Requests that wait for prefill, per endpoint: each of them loses what a new one's work takes. */
  #queued({ candidates }: SchedulingContext): number {
    let tokens = 0;
    for (let i = 0; i < candidates.length; i++) tokens += candidates[i]!.load.inFlightPrefillTokens;
    return tokens / candidates.length / Math.max(1, this.#input.foreignPrefillTokens);
  }

  /** Earlier prompts whose longest match ended where this one's does. */
  #popularityOf(context: SchedulingContext, match: PrefixMatch | undefined): number {
    const { candidates, keys, nowMs } = context;
    if (!match || !keys) return 0;
    let longest = 0;
    for (const { endpoint } of candidates) longest = Math.max(longest, match.matchedTokens(endpoint.slot));
    const blocks = Math.floor(longest / keys.blockSizeTokens);
    return blocks > 0 && blocks <= keys.count ? this.#popularity.visit(keys, blocks - 1, nowMs) : 0;
  }

  onDispatch(context: SchedulingContext, decision: Decision): void {
    const { slot } = decision.targets[0]!;
    const uncached = uncachedTokens(context, slot);
    this.#balance.add(slot, uncached);
    this.#input.foreignPrefillTokens += GAIN * (uncached - this.#input.foreignPrefillTokens);
  }

  onEnd(context: SchedulingContext, decision: Decision, outcome: RequestOutcome): void {
    const { cachedTokens, outputTokens, totalMs, ttftMs: first } = outcome;
    const { predictedCachedTokens, targets } = decision;
    // What the engine had to compute counts, not what was expected.
    if (cachedTokens !== undefined && predictedCachedTokens !== undefined)
      this.#balance.add(targets[0]!.slot, predictedCachedTokens - cachedTokens);
    if (outputTokens !== undefined) this.#meanOutputTokens += GAIN * (outputTokens - this.#meanOutputTokens);
    if (outcome.status === "ok" && first !== undefined)
      this.#input.residenceMs += GAIN * (totalMs - first - this.#input.residenceMs);
    const costs = context.get(COST_PREDICTION);
    if (costs instanceof CostArrays && this.#free.length < MAX_FREE) this.#free.push(costs);
  }
}

/** What every candidate would cost tells them not apart; left in, it would only blur the scores. */
function subtractLeast(prices: Float64Array, count: number): void {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) if (prices[i]! < least) least = prices[i]!;
  for (let i = 0; i < count; i++) prices[i] = prices[i]! - least;
}

/**
 * Makes the producer of `COST_PREDICTION` and `COST_CAPACITY`. It must be among the director's observers too, or the
 * balance sees no work.
 */
export function createCostProducer(options: CostProducerOptions = {}): DataProducer & RequestObserver {
  return new CostProducer(options);
}
