import type {
  BlockHasher,
  Clock,
  DataProducer,
  Decision,
  Endpoint,
  Filter,
  InferenceRequest,
  KvIndex,
  Logger,
  Metrics,
  Picker,
  ProfileHandler,
  Random,
  RequestObserver,
  RequestOutcome,
  SchedulingContext,
  Scorer,
  Tokenizer,
} from "@warmpath/contracts";
import type { Fleet } from "@warmpath/fleet";
import type { DriftStats } from "./drift";

export interface WeightedScorer {
  readonly scorer: Scorer;
  /** Factor of the clamped score; not divided by the sum of weights. */
  readonly weight: number;
}

/** Filters in order, then the weighted sum of scores, then the picker. */
export interface Profile {
  readonly name: string;
  readonly filters: readonly Filter[];
  readonly scorers: readonly WeightedScorer[];
  readonly picker: Picker;
}

export interface DirectorOptions {
  readonly fleet: Fleet;
  /** Undefined = routed by load only. */
  readonly index: KvIndex | undefined;
  readonly tokenizer: Tokenizer;
  /** Must be the hasher that the index was made with. */
  readonly hasher: BlockHasher;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  /** What runs; `@warmpath/scorers` has the default. */
  readonly profiles: readonly Profile[];
  /** Default: exactly one profile runs. */
  readonly profileHandler?: ProfileHandler | undefined;
  readonly producers?: readonly DataProducer[] | undefined;
  readonly observers?: readonly RequestObserver[] | undefined;
  /** Stands in when the tokenizer fails. Default: the byte estimate of `@warmpath/tokenization`. */
  readonly estimator?: Tokenizer | undefined;
  /** Time that an asynchronous tokenizer has. Default 2000. */
  readonly tokenizeTimeoutMs?: number | undefined;
  /** How long blocks of a request count as held until events confirm them. Default 10000. */
  readonly bookingTtlMs?: number | undefined;
  /** The same where no event will come: the approximate index. Default 600000. */
  readonly approximateTtlMs?: number | undefined;
  /**
   * True when the endpoint's events arrive, so that bookings need to last only until then. Default: it has an event
   * address. An endpoint whose events were never seen is booked approximately in any case.
   */
  readonly eventsLive?: ((endpoint: Endpoint) => boolean) | undefined;
}

/** One request on its way: where it goes, and the loops that its fate closes. */
export interface ScheduledRequest {
  /** After a fail-over: the decision for the new target. */
  readonly decision: Decision;
  readonly context: SchedulingContext;
  /** Where to send it now. */
  readonly target: Endpoint;
  /**
   * The target could not serve it and no byte was answered: sets the target aside and moves the bookings to the next
   * best endpoint that was not tried; undefined when there is none.
   */
  failOver(): Endpoint | undefined;
  /** The first byte of the answer came. Counts once. */
  firstToken(): void;
  /**
   * The answer is over, however it went; must be called for every scheduled request. Counts once.
   * Memory of the decision is reused afterwards: call `decision.explain()` before.
   */
  end(outcome: RequestOutcome): void;
}

export interface DirectorStats {
  readonly decisions: number;
  /** By step down. */
  readonly degraded: Readonly<Record<string, number>>;
  /** By reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly failOvers: number;
  readonly drift: DriftStats;
}

/** Leads requests through the steps from tokens to target. */
export interface Director {
  /**
   * Decides and books, in the same turn of the event loop once the tokens are there; synchronous when the tokenizer and
   * all producers are. Throws or rejects with `model_not_found`, `no_endpoint` or `client_closed`.
   */
  schedule(request: InferenceRequest, signal?: AbortSignal): ScheduledRequest | Promise<ScheduledRequest>;
  stats(): DirectorStats;
  /** Stops listening to the fleet. */
  close(): void;
}
