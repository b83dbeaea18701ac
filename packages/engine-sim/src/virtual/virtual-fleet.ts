import { type Clock, type KvEventBatch, WarmpathError } from "@warmpath/contracts";
import { createReplica, type Replica } from "../core/replica";
import type { ReplicaCounters, ReplicaOptions, SequenceState } from "../core/replica-types";
import { FIRST_OUTPUT_BLOCK_ID, type VirtualRequest } from "./block-ids";
import { type ReplicaLoad, ScrapedLoad } from "./scraped-load";
import { toKvEvents } from "./to-kv-events";
import { createVirtualClock, type VirtualClock } from "./virtual-clock";

/** Options of {@link createVirtualFleet}. Callbacks run at the virtual time at which the thing happens. */
export interface VirtualFleetOptions<R extends VirtualRequest> {
  /** Number of replicas, at least 1. */
  readonly replicas: number;
  /** Size, block size, batch limits and profile of each replica. */
  readonly replica?: Omit<ReplicaOptions<R, number>, "hashBlock"> | undefined;
  /** Id of a full block. Default: the request's `blockIds`, and a new id for a block that contains output. */
  readonly hashBlock?: ReplicaOptions<R, number>["hashBlock"] | undefined;
  /** Shares a clock with something else. Default: a new one. */
  readonly clock?: VirtualClock | undefined;
  /** From submit to the engine's queue: HTTP and tokenizing, ms. Default 0. */
  readonly ingressMs?: number | undefined;
  /** From the end of a step to `onEvents`, ms. Default 0. */
  readonly eventDelayMs?: number | undefined;
  /** How old the answer of `load` can be, ms. Default 50; 0 = never old. */
  readonly scrapeIntervalMs?: number | undefined;
  readonly onFirstToken?: ((state: SequenceState<R>, replica: number) => void) | undefined;
  readonly onFinish?: ((state: SequenceState<R>, replica: number) => void) | undefined;
  /** What one step of a replica stored and removed. */
  readonly onEvents?: ((batch: KvEventBatch, replica: number) => void) | undefined;
  /** A request that a restart cut off. */
  readonly onFail?: ((request: R, replica: number) => void) | undefined;
}

/** Replicas in virtual time. It is a `Clock` itself, so that a scheduler under test lives in the same time. */
export interface VirtualFleet<R extends VirtualRequest> extends Clock {
  readonly replicas: number;
  /** Sends a request to a replica. Throws `invalid_request` when it can never fit. */
  submit(request: R, replica: number): void;
  /** Takes a request out; false when it is not there. */
  abort(request: R, replica: number): boolean;
  /** The load as a poller sees it, up to `scrapeIntervalMs` old. */
  load(replica: number): ReplicaLoad;
  counters(replica: number): Readonly<ReplicaCounters>;
  /** Cached blocks of a replica: id and number of copies. */
  cachedBlocks(replica: number): IterableIterator<readonly [id: number, copies: number]>;
  /** False while blocks are in use. */
  resetPrefixCache(replica: number): boolean;
  /** Kills a replica and starts it again, empty: no event tells of it, its requests go to `onFail`. */
  restart(replica: number): void;
  /** Lets time pass until nothing is left to do, or until `untilMs`. */
  run(untilMs?: number): void;
}

/** Creates idle replicas. Throws `invalid_configuration` for values out of range. */
export function createVirtualFleet<R extends VirtualRequest>(options: VirtualFleetOptions<R>): VirtualFleet<R> {
  if (!Number.isInteger(options.replicas) || options.replicas < 1) {
    throw new WarmpathError("invalid_configuration", `replicas is ${options.replicas}; it must be at least 1.`);
  }
  const clock = options.clock ?? createVirtualClock();
  const hashBlock = options.hashBlock ?? blockIdHashing<R>(options.replica?.blockSizeTokens ?? 16);
  const nodes = Array.from({ length: options.replicas }, (_, i) => new Node(i, clock, options, hashBlock));
  const at = (replica: number): Node<R> => {
    const node = nodes[replica];
    if (!node) throw new WarmpathError("invalid_request", `There is no replica ${replica}.`);
    return node;
  };
  return {
    replicas: nodes.length,
    nowMs: () => clock.nowMs(),
    schedule: (delayMs, callback) => clock.schedule(delayMs, callback),
    submit: (request, replica) => at(replica).submit(request),
    abort: (request, replica) => at(replica).abort(request),
    load: (replica) => at(replica).load.at(clock.nowMs()),
    counters: (replica) => at(replica).replica.counters,
    cachedBlocks: (replica) => at(replica).replica.cachedBlocks(),
    resetPrefixCache: (replica) => at(replica).replica.resetPrefixCache(),
    restart: (replica) => at(replica).restart(),
    run: (untilMs) => clock.run(untilMs),
  };
}

/** Block ids as keys; a block with output in it is like no other. */
function blockIdHashing<R extends VirtualRequest>(blockSizeTokens: number): ReplicaOptions<R, number>["hashBlock"] {
  let nextOutputId = FIRST_OUTPUT_BLOCK_ID;
  return (request, index) => {
    const inPrompt = (index + 1) * blockSizeTokens <= request.promptTokens;
    return (inPrompt ? request.blockIds[index] : undefined) ?? nextOutputId++;
  };
}

/** One replica and its place in time. */
class Node<R extends VirtualRequest> {
  replica: Replica<R, number>;
  readonly load: ScrapedLoad;
  readonly #index: number;
  readonly #clock: VirtualClock;
  readonly #options: VirtualFleetOptions<R>;
  readonly #create: () => Replica<R, number>;
  readonly #inFlight = new Set<R>();

  constructor(
    index: number,
    clock: VirtualClock,
    options: VirtualFleetOptions<R>,
    hashBlock: ReplicaOptions<R, number>["hashBlock"],
  ) {
    this.#index = index;
    this.#clock = clock;
    this.#options = options;
    this.#create = () => createReplica({ ...options.replica, hashBlock });
    this.replica = this.#create();
    this.load = new ScrapedLoad(options.scrapeIntervalMs ?? 50, (atMs) => readLoad(this.replica, atMs));
  }

  submit(request: R): void {
    const ingressMs = this.#options.ingressMs ?? 0;
    this.replica.check(request);
    this.#inFlight.add(request);
    if (ingressMs === 0) this.#enqueue(request);
    else this.#clock.schedule(ingressMs, () => this.#inFlight.has(request) && this.#enqueue(request));
  }

  abort(request: R): boolean {
    if (!this.#inFlight.delete(request)) return false;
    this.load.beforeChange(this.#clock.nowMs());
    this.replica.abort(request);
    return true;
  }

  restart(): void {
    this.load.beforeChange(this.#clock.nowMs());
    this.replica = this.#create();
    const lost = [...this.#inFlight];
    this.#inFlight.clear();
    for (const request of lost) this.#options.onFail?.(request, this.#index);
  }

  #enqueue(request: R): void {
    this.load.beforeChange(this.#clock.nowMs());
    this.replica.submit(request);
    if (!this.replica.stepping) this.#begin();
  }

  #begin(): void {
    const { replica } = this;
    const durationMs = replica.beginStep();
    // A step of a replica that was killed meanwhile ends nowhere.
    if (durationMs !== undefined) this.#clock.schedule(durationMs, () => this.replica === replica && this.#end());
  }

  #end(): void {
    const { onFirstToken, onFinish } = this.#options;
    this.load.beforeChange(this.#clock.nowMs());
    const { replica } = this;
    const { sampled, finished, events } = replica.endStep();
    if (events.length > 0) this.#publish(events);
    if (onFirstToken) for (const state of sampled) if (state.outputTokens === 1) onFirstToken(state, this.#index);
    for (const state of finished) {
      this.#inFlight.delete(state.request);
      onFinish?.(state, this.#index);
    }
    if (this.replica === replica && !replica.stepping) this.#begin();
  }

  #publish(events: Parameters<typeof toKvEvents<R>>[0]): void {
    const { onEvents, eventDelayMs } = this.#options;
    if (!onEvents) return;
    const batch: KvEventBatch = {
      timestampSeconds: this.#clock.nowMs() / 1000,
      events: toKvEvents(events, this.replica.options.blockSizeTokens),
      dataParallelRank: 0,
      malformedEvents: 0,
    };
    if (eventDelayMs) this.#clock.schedule(eventDelayMs, () => onEvents(batch, this.#index));
    else onEvents(batch, this.#index);
  }
}

function readLoad<R extends VirtualRequest>(replica: Replica<R, number>, atMs: number): ReplicaLoad {
  return {
    waitingRequests: replica.waitingRequests,
    runningRequests: replica.runningRequests,
    kvUtilization: replica.kvUtilization,
    kvBlocksTotal: replica.options.blocks,
    engineBlockSizeTokens: replica.options.blockSizeTokens,
    updatedAtMs: atMs,
  };
}
