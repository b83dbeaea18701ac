import type { Clock } from "@warmpath/contracts";
import type { EngineEvent } from "@warmpath/kv-events";
import type { Replica } from "../core/replica";
import type { SequenceState, StepResult } from "../core/replica-types";
import type { VllmBlocks } from "../core/vllm-blocks";
import type { EngineRequest } from "./engine-request";
import type { RankMetrics } from "./rank-metrics";

/** Options of {@link EngineRank}. */
export interface EngineRankOptions {
  readonly replica: Replica<EngineRequest, string>;
  readonly blocks: VllmBlocks;
  readonly clock: Clock;
  /** Real milliseconds for one simulated millisecond. */
  readonly timeScale: number;
  readonly metrics: RankMetrics;
  readonly publish: (events: readonly EngineEvent[]) => void;
}

/** Real time that one turn of the event loop may spend on steps that are due already. */
const BURST_MS = 4;
/** A step that ends later than this starts the next one from now, so that a sleeping machine does not race afterwards. */
const MOST_LAG_MS = 100;

/** A data-parallel rank in real time: runs the steps of a replica one after the other while there is work. */
export class EngineRank {
  readonly replica: Replica<EngineRequest, string>;
  readonly metrics: RankMetrics;
  readonly #options: EngineRankOptions;
  #cancel: (() => void) | undefined;
  #dueMs = 0;
  #beganMs = 0;
  #stalled = false;
  #closed = false;

  constructor(options: EngineRankOptions) {
    this.#options = options;
    this.replica = options.replica;
    this.metrics = options.metrics;
  }

  submit(request: EngineRequest): void {
    this.replica.submit(request);
    if (this.replica.stepping) return;
    this.#dueMs = this.#options.clock.nowMs();
    // One turn later, so that requests that arrive together form one batch.
    this.#cancel ??= this.#options.clock.schedule(0, () => this.#turn());
  }

  abort(request: EngineRequest): void {
    if (this.replica.abort(request)) this.metrics.aborted();
  }

  /** While stalled no step ends. */
  set stalled(stalled: boolean) {
    this.#stalled = stalled;
    if (!stalled) this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    if (this.#closed || this.#stalled || this.#cancel) return;
    if (!this.replica.stepping && this.replica.waitingRequests + this.replica.runningRequests === 0) return;
    const { clock } = this.#options;
    this.#cancel = clock.schedule(Math.max(0, this.#dueMs - clock.nowMs()), () => this.#turn());
  }

  /** Ends the step that is due, and begins the next; more than one where steps are shorter than a timer can be. */
  #turn(): void {
    this.#cancel = undefined;
    if (this.#closed || this.#stalled) return;
    const { clock } = this.#options;
    const start = clock.nowMs();
    if (start - this.#dueMs > MOST_LAG_MS) this.#dueMs = start;
    for (;;) {
      const nowMs = clock.nowMs();
      if (this.replica.stepping) {
        if (this.#dueMs > nowMs || nowMs - start > BURST_MS) break;
        this.#end(nowMs);
      }
      const durationMs = this.replica.beginStep();
      if (durationMs === undefined) return;
      this.#beganMs = nowMs;
      this.#dueMs += durationMs * this.#options.timeScale;
    }
    this.#arm();
  }

  #end(nowMs: number): void {
    const result = this.replica.endStep();
    for (const { request } of result.admitted) request.times.scheduled = this.#beganMs;
    // All tokens exist before anyone is told, and events are out before the answers that they explain.
    const tokens = result.sampled.map((state) => state.request.draw(state));
    this.#publish(result);
    const outputs = result.sampled.map((state, i) => [state, tokens[i] as number] as const);
    for (const [state, token] of outputs) this.#deliver(state, token, nowMs);
  }

  #publish(result: StepResult<EngineRequest, string>): void {
    if (result.events.length === 0) return;
    const events = result.events as Parameters<VllmBlocks["toEngineEvents"]>[0];
    this.#options.publish(this.#options.blocks.toEngineEvents(events));
  }

  #deliver(state: SequenceState<EngineRequest>, token: number, nowMs: number): void {
    this.metrics.sampled(state, nowMs);
    state.request.emit(token, state);
  }
}
