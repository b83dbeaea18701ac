import { extrasFromRequest } from "@warmpath/block-hashing";
import {
  type Candidate,
  type DataProducer,
  type Decision,
  type Endpoint,
  type InferenceRequest,
  PREFIX_MATCH,
  type RequestOutcome,
  type SchedulingContext,
  type TokenizedPrompt,
  WarmpathError,
} from "@warmpath/contracts";
import { orderProducers } from "./check-dependencies";
import { DirectorMetrics } from "./director-metrics";
import { DriftMonitor } from "./drift";
import { type ResolvedDirectorOptions, resolveDirectorOptions } from "./options";
import type { ProfileRun } from "./profile-run";
import { RequestContext } from "./request-context";
import { runProfiles } from "./run-profiles";
import { createScratchPool, type Scratch, type ScratchPool } from "./scratch";
import { TokenizeStep } from "./tokenize-step";
import { type RequestHost, TrackedRequest } from "./tracked-request";
import type { Director, DirectorOptions, DirectorStats, ScheduledRequest } from "./types";

/**
 * Makes a director. Throws `invalid_configuration` when profiles and their handler do not fit, or when a plugin needs
 * data that nobody makes.
 */
export function createDirector(options: DirectorOptions): Director {
  return new LiveDirector(resolveDirectorOptions(options));
}

/** Metrics that are trusted less than this count as stale. */
const LEAST_TRUST = 0.5;
const NOTHING: readonly string[] = [];

class LiveDirector implements Director {
  readonly #options: ResolvedDirectorOptions;
  readonly #tokens: TokenizeStep;
  readonly #producers: readonly DataProducer[];
  readonly #pool: ScratchPool;
  readonly #metrics: DirectorMetrics;
  readonly #drift: DriftMonitor;
  readonly #host: RequestHost;
  readonly #stopListening: () => void;
  readonly #engineBlockSize: (slot: number) => number;

  constructor(options: ResolvedDirectorOptions) {
    const { fleet, index, profiles, metrics, logger } = options;
    this.#options = options;
    this.#tokens = new TokenizeStep({ ...options, timeoutMs: options.tokenizeTimeoutMs });
    this.#producers = orderProducers(options.producers, profiles);
    this.#pool = createScratchPool(profiles, index?.blockSizeTokens ?? 16);
    this.#metrics = new DirectorMetrics(metrics);
    this.#drift = new DriftMonitor(logger, metrics);
    this.#host = this.#makeHost();
    this.#engineBlockSize = (slot) =>
      index?.engineBlockSizeTokens(slot) ?? fleet.at(slot)?.load.engineBlockSizeTokens ?? index?.blockSizeTokens ?? 16;
    this.#stopListening = fleet.onChange(({ kind, endpoint, ready }) => {
      // An engine that went away lost its cache; where no event says so, this must.
      if (kind === "removed" || (!ready && !this.#eventsComplete(endpoint))) index?.removeEndpoint(endpoint.slot);
    });
  }

  schedule(request: InferenceRequest, signal?: AbortSignal): ScheduledRequest | Promise<ScheduledRequest> {
    const startedMs = this.#options.clock.nowMs();
    this.#candidates(request);
    const prompt = this.#tokens.run(request, signal);
    if (prompt instanceof Promise) return prompt.then((tokens) => this.#prepare(request, tokens, startedMs, signal));
    return this.#prepare(request, prompt, startedMs, signal);
  }

  stats(): DirectorStats {
    const { decisions, failOvers, degraded, reasons } = this.#metrics;
    return {
      decisions,
      failOvers,
      degraded: degraded.snapshot(),
      reasons: reasons.snapshot(),
      drift: this.#drift.stats(),
    };
  }

  close(): void {
    this.#stopListening();
  }

  #candidates(request: InferenceRequest): readonly Candidate[] {
    const { fleet } = this.#options;
    const candidates = fleet.candidatesFor(request.model);
    if (candidates.length > 0) return candidates;
    // While nothing is known of the engines yet, any name may turn out to be served.
    if (fleet.knowsModel(request.model) || fleet.endpoints().every(({ models }) => models.length === 0))
      throw new WarmpathError("no_endpoint", `No endpoint that serves "${request.model}" is ready.`);
    throw new WarmpathError("model_not_found", `The model "${request.model}" does not exist.`, { param: "model" });
  }

  #prepare(
    request: InferenceRequest,
    prompt: TokenizedPrompt | undefined,
    startedMs: number,
    signal: AbortSignal | undefined,
  ): ScheduledRequest | Promise<ScheduledRequest> {
    if (signal?.aborted) throw new WarmpathError("client_closed", "The client left before the decision.");
    // Asked again, because the fleet may have changed while the tokens were made.
    const context = new RequestContext(request, startedMs, this.#candidates(request), prompt);
    const scratch = this.#pool.take();
    try {
      const degraded = this.#lookUp(context, scratch);
      const pending = this.#produce(context, degraded, 0, signal);
      if (!pending) return this.#decide(context, scratch, degraded);
      return pending.then(
        (steps) => this.#decideOrRelease(context, scratch, steps),
        (error: unknown) => this.#releaseAndThrow(scratch, error),
      );
    } catch (error) {
      return this.#releaseAndThrow(scratch, error);
    }
  }

  /** Hashes the prompt and looks it up. Returns the steps down that were taken. */
  #lookUp(context: RequestContext, scratch: Scratch): string[] {
    const { index, hasher, fleet } = this.#options;
    const { prompt, request } = context;
    const degraded: string[] = [];
    if (!prompt) degraded.push("no-tokens");
    else if (!prompt.exact) degraded.push("no-tokenizer");
    if (!index) degraded.push("no-index");
    const { prefix, keys } = scratch;
    prefix.clear();
    context.set(PREFIX_MATCH, prefix);
    if (!prompt || !index) return degraded;
    const tokens = prompt.tokenIds;
    const model = fleet.keyModel(request.model);
    // Estimated ids live in a scope of their own: they must never meet the keys of an engine's events.
    const scope = { model: prompt.exact ? model : `${model}\u0000estimate`, cacheSalt: request.cacheSalt };
    const blocks = Math.floor(tokens.length / keys.blockSizeTokens);
    const extras =
      prompt.multimodal.length > 0 ? extrasFromRequest(prompt.multimodal, keys.blockSizeTokens, blocks) : undefined;
    keys.count = 0;
    hasher.append({ tokens, fromToken: 0, toToken: tokens.length, scope, extras }, keys);
    context.keys = keys;
    prefix.lookup(index, keys, tokens.length, this.#engineBlockSize);
    return degraded;
  }

  /** Runs producers from number `from`; a promise as soon as one of them is asynchronous. */
  #produce(
    context: RequestContext,
    degraded: string[],
    from: number,
    signal: AbortSignal | undefined,
  ): Promise<string[]> | undefined {
    for (let i = from; i < this.#producers.length; i++) {
      const producer = this.#producers[i]!;
      try {
        const pending = producer.produce(context, signal);
        if (!(pending instanceof Promise)) continue;
        return pending
          .catch((error: unknown) => this.#producerFailed(producer, error, degraded))
          .then(() => this.#produce(context, degraded, i + 1, signal) ?? degraded);
      } catch (error) {
        this.#producerFailed(producer, error, degraded);
      }
    }
    return undefined;
  }

  #producerFailed(producer: DataProducer, error: unknown, degraded: string[]): void {
    this.#options.logger.warn({ err: error, producer: producer.name }, "A producer failed; its data is missing.");
    degraded.push(`no-${producer.name}`);
  }

  #decide(context: RequestContext, scratch: Scratch, degraded: string[]): ScheduledRequest {
    const run = runProfiles(this.#options.profileHandler, scratch.runs, context);
    if (this.#stale(run)) degraded.push("stale-metrics");
    const decideMs = this.#options.clock.nowMs() - context.nowMs;
    const steps = degraded.length === 0 ? NOTHING : degraded;
    const scheduled = new TrackedRequest({ host: this.#host, context, run, scratch, degraded: steps, decideMs });
    this.#metrics.decided(scheduled.decision.reason, steps, decideMs);
    return scheduled;
  }

  #stale(run: ProfileRun): boolean {
    return run.candidates[run.picked[0]!]!.load.trust < LEAST_TRUST;
  }

  #decideOrRelease(context: RequestContext, scratch: Scratch, degraded: string[]): ScheduledRequest {
    try {
      return this.#decide(context, scratch, degraded);
    } catch (error) {
      return this.#releaseAndThrow(scratch, error);
    }
  }

  #releaseAndThrow(scratch: Scratch, error: unknown): never {
    this.#pool.give(scratch);
    throw error;
  }

  #makeHost(): RequestHost {
    const { fleet, observers } = this.#options;
    return {
      fleet,
      bookBlocks: (context, endpoint) => this.#bookBlocks(context, endpoint),
      dispatched: (context, decision) => this.#observe((i) => observers[i]!.onDispatch?.(context, decision)),
      firstToken: (context, decision) => this.#observe((i) => observers[i]!.onFirstToken?.(context, decision)),
      failedOver: (decision) => {
        this.#metrics.failedOver();
        this.#metrics.reasons.add(decision.reason);
      },
      ended: (context, decision, outcome) => {
        this.#observe((i) => observers[i]!.onEnd?.(context, decision, outcome));
        this.#compare(context, decision, outcome);
      },
      release: (scratch) => this.#pool.give(scratch),
    };
  }

  /** An observer that fails must not take the request with it. */
  #observe(call: (i: number) => void): void {
    for (let i = 0; i < this.#options.observers.length; i++) {
      try {
        call(i);
      } catch (error) {
        this.#options.logger.error({ err: error }, "A request observer failed.");
      }
    }
  }

  #bookBlocks(context: RequestContext, endpoint: Endpoint): void {
    const { index, bookingTtlMs, approximateTtlMs } = this.#options;
    const { keys, prompt } = context;
    if (!index || !keys || keys.count === 0) return;
    const confirmed = prompt?.exact === true && this.#eventsComplete(endpoint);
    index.book(endpoint.slot, keys, keys.count, confirmed ? bookingTtlMs : approximateTtlMs);
  }

  /** True when the endpoint's events arrive and at least one has. */
  #eventsComplete(endpoint: Endpoint): boolean {
    const { index, eventsLive } = this.#options;
    return index?.engineBlockSizeTokens(endpoint.slot) !== undefined && eventsLive(endpoint);
  }

  #compare(context: SchedulingContext, decision: Decision, outcome: RequestOutcome): void {
    const { fleet } = this.#options;
    const { slot } = decision.targets[0]!;
    if (outcome.status === "ok") fleet.markGood(slot);
    // A cut answer, or none: an answer with an error status is the engine's word and no failure of the endpoint.
    if (outcome.status === "failed" && (outcome.httpStatus ?? 0) < 400) fleet.markFailed(slot);
    if (outcome.status !== "ok" || !context.prompt?.exact) return;
    const { promptTokens = 0, predictedCachedTokens } = decision;
    if (outcome.promptTokens !== undefined) this.#drift.comparePrompt(promptTokens, outcome.promptTokens);
    if (outcome.cachedTokens === undefined || predictedCachedTokens === undefined) return;
    this.#drift.compare(predictedCachedTokens, outcome.cachedTokens, promptTokens);
  }
}
