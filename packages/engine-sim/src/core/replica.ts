import { WarmpathError } from "@warmpath/contracts";
import { BlockPool } from "./block-pool";
import type { ReplicaCounters, ReplicaEvent, ReplicaOptions, ReplicaRequest, StepResult } from "./replica-types";
import { type ResolvedReplicaOptions, resolveReplicaOptions } from "./resolve-options";
import { Sequence } from "./sequence";
import { SharedContext } from "./shared-context";
import { type StepWork, stepTimeMs } from "./step-time";
import { WaitingQueue } from "./waiting-queue";

/**
 * One data-parallel rank of a vLLM server, without a clock of its own: the shell begins a step, lets its duration pass
 * and ends it. Scheduling follows vLLM's V1 scheduler with synchronous steps, first come first served.
 */
export interface Replica<R extends ReplicaRequest, K> {
  readonly options: ResolvedReplicaOptions;
  readonly counters: Readonly<ReplicaCounters>;
  /** Throws `invalid_request` when a request can never fit into the pool, or is here already. */
  check(request: R): void;
  /** Queues a request; throws as `check` does. */
  submit(request: R): void;
  /** Takes a request out; during a step at its end. False when it is not there. Its cached blocks stay findable. */
  abort(request: R): boolean;
  /** Forms a batch; returns its duration in ms, or undefined when there is nothing to compute. */
  beginStep(): number | undefined;
  /** Ends the step that was begun: tokens come out, finished requests leave. */
  endStep(): StepResult<R, K>;
  /** True between beginStep and endStep. */
  readonly stepping: boolean;
  /** Forgets the cache; false, and nothing done, while blocks are in use. Told in the events of the next step. */
  resetPrefixCache(): boolean;
  readonly waitingRequests: number;
  readonly runningRequests: number;
  readonly freeBlocks: number;
  /** Share of usable blocks in use, 0 to 1. */
  readonly kvUtilization: number;
  /** Cached blocks: key and number of physical copies. */
  cachedBlocks(): IterableIterator<readonly [key: K, copies: number]>;
}

/** Creates an idle replica with an empty cache. Throws `invalid_configuration` for values out of range. */
export function createReplica<R extends ReplicaRequest, K>(options: ReplicaOptions<R, K>): Replica<R, K> {
  return new SchedulerReplica(options);
}

class SchedulerReplica<R extends ReplicaRequest, K> implements Replica<R, K> {
  readonly options: ResolvedReplicaOptions;
  readonly counters: ReplicaCounters = emptyCounters();
  readonly #hashBlock: ReplicaOptions<R, K>["hashBlock"];
  readonly #pool: BlockPool<K>;
  readonly #shared: SharedContext;
  readonly #sequences = new Map<R, Sequence<R, K>>();
  readonly #waiting = new WaitingQueue<Sequence<R, K>>();
  #running: Sequence<R, K>[] = [];
  readonly #aborted: Sequence<R, K>[] = [];
  #stepping = false;
  #budget = 0;
  readonly #work: StepWork = {
    prefillTokens: 0,
    decodeSequences: 0,
    contextTokens: 0,
    sharedContextTokens: 0,
    prefillAttention: 0,
  };
  readonly #result: StepResult<R, K> = { durationMs: 0, admitted: [], sampled: [], finished: [], events: [] };
  #events: ReplicaEvent<R, K>[] = [];
  readonly #onEvicted = (key: K): void => {
    this.counters.removedBlocks++;
    this.#events.push({ kind: "removed", key });
  };

  constructor(options: ReplicaOptions<R, K>) {
    this.options = resolveReplicaOptions(options);
    this.#hashBlock = options.hashBlock;
    this.#pool = new BlockPool(this.options.blocks);
    this.#shared = new SharedContext(this.#pool.usableBlocks, this.options.blockSizeTokens);
  }

  get stepping(): boolean {
    return this.#stepping;
  }

  get waitingRequests(): number {
    return this.#waiting.length;
  }

  get runningRequests(): number {
    return this.#running.length;
  }

  get freeBlocks(): number {
    return this.#pool.freeBlocks;
  }

  get kvUtilization(): number {
    return this.#pool.utilization;
  }

  cachedBlocks(): IterableIterator<readonly [key: K, copies: number]> {
    return this.#pool.contents();
  }

  check(request: R): void {
    // The last output token is returned, never computed.
    const tokens = request.promptTokens + request.outputTokens - 1;
    if (!(request.promptTokens >= 1) || !(request.outputTokens >= 1)) {
      throw new WarmpathError("invalid_request", "A request needs at least one prompt token and one output token.");
    }
    if (this.#blocksFor(tokens) > this.#pool.usableBlocks) {
      throw new WarmpathError("invalid_request", `${tokens} tokens do not fit into the KV cache.`);
    }
    if (this.#sequences.has(request)) throw new WarmpathError("invalid_request", "The request is here already.");
  }

  submit(request: R): void {
    this.check(request);
    const sequence = new Sequence<R, K>(request);
    this.#sequences.set(request, sequence);
    this.#waiting.push(sequence);
    this.counters.submitted++;
  }

  abort(request: R): boolean {
    const sequence = this.#sequences.get(request);
    if (!sequence || sequence.aborted) return false;
    sequence.aborted = true;
    if (this.#stepping) this.#aborted.push(sequence);
    else this.#drop(sequence);
    return true;
  }

  resetPrefixCache(): boolean {
    if (!this.#pool.clear()) return false;
    this.#events.push({ kind: "cleared" });
    return true;
  }

  beginStep(): number | undefined {
    if (this.#stepping) throw new WarmpathError("internal_error", "The step before has not ended.");
    if (this.#sequences.size === 0) return undefined;
    this.#budget = this.options.maxBatchedTokens;
    clearWork(this.#work);
    this.#result.admitted.length = 0;
    if (this.#scheduleRunning()) this.#scheduleWaiting();
    this.#work.sharedContextTokens = this.#shared.sharedTokens;
    this.#result.durationMs = stepTimeMs(this.options.profile, this.#work);
    this.#stepping = true;
    return this.#result.durationMs;
  }

  endStep(): StepResult<R, K> {
    if (!this.#stepping) throw new WarmpathError("internal_error", "No step was begun.");
    this.#stepping = false;
    this.counters.steps++;
    const result = this.#result;
    result.sampled.length = 0;
    result.finished.length = 0;
    for (const sequence of this.#running) if (sequence.scheduledTokens > 0) this.#advance(sequence, result);
    if (result.finished.length > 0)
      this.#running = this.#running.filter((sequence) => this.#sequences.has(sequence.request));
    result.events = this.#events;
    this.#events = [];
    for (const sequence of this.#aborted.splice(0)) this.#drop(sequence);
    return result;
  }

  /** Running requests come first, in order. False when one was preempted: nothing is admitted then. */
  #scheduleRunning(): boolean {
    let preempted = false;
    for (let i = 0; i < this.#running.length && this.#budget > 0; i++) {
      const sequence = this.#running[i] as Sequence<R, K>;
      const tokens = Math.min(sequence.knownTokens - sequence.computedTokens, this.#budget);
      const needed = this.#blocksFor(sequence.computedTokens + tokens) - sequence.blocks.length;
      while (needed > this.#pool.freeBlocks) {
        const victim = this.#running.pop() as Sequence<R, K>;
        this.#preempt(victim);
        preempted = true;
        if (victim === sequence) return false;
      }
      this.#schedule(sequence, tokens);
    }
    return !preempted;
  }

  /** Then waiting ones, as long as the first in line fits as a whole. */
  #scheduleWaiting(): void {
    while (this.#budget > 0 && this.#running.length < this.options.maxSequences) {
      const sequence = this.#waiting.peek();
      if (!sequence || !this.#admit(sequence)) return;
      this.#waiting.shift();
      this.#running.push(sequence);
      if (sequence.preemptions === 0) this.#result.admitted.push(sequence);
      this.#schedule(sequence, Math.min(sequence.knownTokens - sequence.computedTokens, this.#budget));
    }
  }

  /** Gives a waiting request its cached blocks; false when the rest of its known tokens has no room. */
  #admit(sequence: Sequence<R, K>): boolean {
    const hits = this.#match(sequence);
    if (hits.length > 0 && sequence.request.reportReusedBlocks) this.#announce(sequence, 0, hits.length, true);
    let needed = this.#blocksFor(sequence.knownTokens) - hits.length;
    for (const block of hits) if (this.#pool.isFree(block)) needed++;
    if (needed > this.#pool.freeBlocks) return false;
    for (const block of hits) this.#pool.touch(block);
    sequence.blocks = hits;
    sequence.registeredBlocks = hits.length;
    sequence.computedTokens = hits.length * this.options.blockSizeTokens;
    this.#countHits(sequence);
    return true;
  }

  #countHits(sequence: Sequence<R, K>): void {
    if (sequence.preemptions > 0) {
      this.counters.rehitTokens += sequence.computedTokens;
      return;
    }
    sequence.cachedTokens = sequence.computedTokens;
    this.counters.queriedTokens += sequence.knownTokens;
    this.counters.hitTokens += sequence.computedTokens;
  }

  /** Cached blocks from the prompt's start without a gap; one token at least stays to be computed. */
  #match(sequence: Sequence<R, K>): number[] {
    const hits: number[] = [];
    if (sequence.request.skipPrefixCache) return hits;
    const most = Math.floor((sequence.knownTokens - 1) / this.options.blockSizeTokens);
    for (let i = 0; i < most; i++) {
      const block = this.#pool.find(this.#key(sequence, i));
      if (block < 0) break;
      hits.push(block);
    }
    return hits;
  }

  /** Puts `tokens` of a request into the batch: blocks for them, keys for the blocks that they fill. */
  #schedule(sequence: Sequence<R, K>, tokens: number): void {
    const { computedTokens } = sequence;
    const decodes = tokens === 1 && sequence.outputTokens > 0 && computedTokens === sequence.knownTokens - 1;
    if (decodes && !sequence.decoding) {
      sequence.decoding = true;
      this.#shared.enter(sequence.blocks);
    }
    const blocks = this.#blocksFor(computedTokens + tokens);
    while (sequence.blocks.length < blocks) {
      const block = this.#pool.allocate(this.#onEvicted);
      sequence.blocks.push(block);
      if (sequence.decoding) this.#shared.enterBlock(block);
    }
    this.#registerFull(sequence, computedTokens + tokens);
    addWork(this.#work, decodes, tokens, computedTokens);
    sequence.scheduledTokens = tokens;
    this.#budget -= tokens;
  }

  /** Full blocks can be found by others at once, in the same step even. */
  #registerFull(sequence: Sequence<R, K>, tokens: number): void {
    const full = Math.floor(tokens / this.options.blockSizeTokens);
    const first = sequence.registeredBlocks;
    if (full <= first) return;
    for (let i = first; i < full; i++) this.#pool.register(sequence.blocks[i] as number, this.#key(sequence, i));
    sequence.registeredBlocks = full;
    this.counters.storedBlocks += full - first;
    this.#announce(sequence, first, full, false);
  }

  #announce(sequence: Sequence<R, K>, first: number, end: number, reused: boolean): void {
    this.#events.push({
      kind: "stored",
      request: sequence.request,
      firstBlock: first,
      keys: sequence.keys.slice(first, end),
      parent: first === 0 ? undefined : sequence.keys[first - 1],
      reused,
    });
  }

  #key(sequence: Sequence<R, K>, index: number): K {
    const { keys } = sequence;
    while (keys.length <= index) keys.push(this.#hashBlock(sequence.request, keys.length, keys.at(-1)));
    return keys[index] as K;
  }

  /** Back to the front of the queue; its output stays and is computed again like a prompt. */
  #preempt(sequence: Sequence<R, K>): void {
    this.counters.discardedTokens += sequence.computedTokens;
    this.#releaseBlocks(sequence);
    sequence.preemptions++;
    this.counters.preemptions++;
    this.#waiting.unshift(sequence);
  }

  #releaseBlocks(sequence: Sequence<R, K>): void {
    if (sequence.decoding) this.#shared.leave(sequence.blocks);
    this.#pool.release(sequence.blocks);
    sequence.decoding = false;
    sequence.blocks = [];
    sequence.registeredBlocks = 0;
    sequence.computedTokens = 0;
    sequence.scheduledTokens = 0;
  }

  #advance(sequence: Sequence<R, K>, result: StepResult<R, K>): void {
    sequence.computedTokens += sequence.scheduledTokens;
    this.counters.computedTokens += sequence.scheduledTokens;
    sequence.scheduledTokens = 0;
    if (sequence.computedTokens < sequence.knownTokens) return;
    sequence.knownTokens++;
    sequence.outputTokens++;
    this.counters.generatedTokens++;
    result.sampled.push(sequence);
    if (sequence.outputTokens < sequence.request.outputTokens) return;
    this.counters.finished++;
    result.finished.push(sequence);
    this.#sequences.delete(sequence.request);
    this.#releaseBlocks(sequence);
  }

  /** Ends an aborted request, unless it has finished meanwhile. */
  #drop(sequence: Sequence<R, K>): void {
    if (!this.#sequences.delete(sequence.request)) return;
    if (!this.#waiting.remove(sequence)) this.#running.splice(this.#running.indexOf(sequence), 1);
    this.counters.discardedTokens += sequence.computedTokens;
    this.#releaseBlocks(sequence);
    this.counters.aborted++;
  }

  #blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.options.blockSizeTokens);
  }
}

function addWork(work: StepWork, decodes: boolean, tokens: number, contextTokens: number): void {
  if (decodes) {
    work.decodeSequences++;
    work.contextTokens += contextTokens;
  } else {
    work.prefillTokens += tokens;
    work.prefillAttention += tokens * (contextTokens + tokens / 2);
  }
}

function clearWork(work: StepWork): void {
  work.prefillTokens = 0;
  work.decodeSequences = 0;
  work.contextTokens = 0;
  work.sharedContextTokens = 0;
  work.prefillAttention = 0;
}

function emptyCounters(): ReplicaCounters {
  return {
    steps: 0,
    submitted: 0,
    finished: 0,
    aborted: 0,
    preemptions: 0,
    queriedTokens: 0,
    hitTokens: 0,
    computedTokens: 0,
    rehitTokens: 0,
    discardedTokens: 0,
    generatedTokens: 0,
    storedBlocks: 0,
    removedBlocks: 0,
  };
}
