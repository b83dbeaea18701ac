import type { Clock, Logger } from "@warmpath/contracts";
import type { Counts } from "./counts";
import type { Delivery } from "./delivery";
import { LiveBuffer, type RawBatch } from "./live-buffer";
import type { ReplayOutcome, ReplayRun, ReplayRunOptions } from "./replay-run";

/**
 * Why a replay runs.
 * `initial`: nothing is known of this engine process. `verify`: the connection is new, and so may be the process.
 * `gap`: a number was skipped. `probe`: it has been silent, and the last batch may have been lost. `rebuild`: an earlier
 * replay failed, and only the whole history from 0 makes the index right again.
 */
type ReplayKind = "initial" | "verify" | "gap" | "probe" | "rebuild";

export interface EventStreamOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counts: Counts;
  readonly delivery: Delivery;
  /** Starts a replay; undefined where the engine has no replay socket. */
  readonly replay: ((run: Pick<ReplayRunOptions, "from" | "onBatch" | "onEnd">) => ReplayRun) | undefined;
  readonly replayCooldownMs: number;
  readonly probeIdleMs: number;
  readonly maxBufferedMessages: number;
  readonly maxBufferedBytes: number;
  onChange(): void;
}

const MAX_PROBE_STRETCH = 30;
const MAX_COOLDOWN_STRETCH = 10;

/**
 * Turns what comes from one engine's sockets into batches in order: each once, none missing as long as the engine still
 * has it. What is lost for good marks the stream as degraded; it never stops the stream.
 */
export class EventStream {
  connected = false;
  degraded = false;
  readonly #options: EventStreamOptions;
  readonly #buffer: LiveBuffer;
  #run: ReplayRun | undefined;
  #runKind: ReplayKind = "initial";
  #runBatches = 0;
  /** Number of the live batch that waited when the replay began: what is missing before it, the engine does not have. */
  #askedFor = -1;
  /** The process behind this connection is known to be the one whose batches were delivered. */
  #verified = false;
  /** The newest batch that this connection brought live. */
  #lastLive: number | undefined;
  /** What is missing may still be had, from the whole history. */
  #needsRebuild = false;
  #cooldownUntilMs = Number.NEGATIVE_INFINITY;
  #cooldownStretch = 1;
  #probeStretch = 1;
  /** No batch came since the last look. */
  #quiet = false;
  #cancelProbe: () => void = () => undefined;
  #cancelRebuild: () => void = () => undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#buffer = new LiveBuffer(options.maxBufferedMessages, options.maxBufferedBytes);
  }

  get replaying(): boolean {
    return this.#run !== undefined && this.#runKind !== "probe";
  }

  /** The connection stands. */
  up(): void {
    this.connected = true;
    this.#verified = false;
    this.#lastLive = undefined;
    this.#quiet = false;
    this.#probeStretch = 1;
    if (this.#options.replay) this.#start(this.#options.delivery.last ? "verify" : "initial");
    this.#armProbe();
    this.#options.onChange();
  }

  /** The connection is lost. What it brought and was not yet delivered comes again by replay. */
  down(): void {
    this.connected = false;
    this.#options.counts.add("disconnects");
    this.#stop();
    this.#options.onChange();
  }

  close(): void {
    this.#stop();
    this.#cancelRebuild();
  }

  /** A batch as it is published. */
  live(batch: RawBatch): void {
    this.#quiet = false;
    if (this.#run && this.#mayInterrupt(batch)) this.#cancelRun();
    const waits = this.#run !== undefined && !(this.#runKind === "rebuild" && this.#runBatches === 0);
    if (waits) this.#options.counts.add("bufferOverflows", this.#buffer.push(batch));
    else {
      this.#handle(batch, false);
      if (this.#buffer.length > 0) this.#drain();
    }
  }

  /** A probe that found nothing yet has lost its purpose once the next batch comes. */
  #mayInterrupt(batch: RawBatch): boolean {
    const { last } = this.#options.delivery;
    return this.#runKind === "probe" && last !== undefined && batch.sequence === last.sequence + 1;
  }

  /** Delivers a live batch, or sees why it must wait. `acceptGap`: the engine has been asked for what is missing before it. */
  #handle(batch: RawBatch, acceptGap: boolean): void {
    const { last } = this.#options.delivery;
    const expected = last === undefined ? 0 : last.sequence + 1;
    if (batch.sequence < expected) this.#handleOld(batch);
    else if (batch.sequence > expected && !acceptGap) this.#handleGap(batch);
    else this.#deliverLive(batch);
  }

  #handleOld(batch: RawBatch): void {
    const restarted = this.#isRestart(batch);
    this.#lastLive = batch.sequence;
    if (restarted) this.#restart(batch);
    else this.#options.counts.add("duplicates");
  }

  #handleGap(batch: RawBatch): void {
    this.#options.counts.add("gaps");
    if (this.#mayReplay()) {
      this.#buffer.unshift(batch);
      this.#start(this.#options.delivery.last === undefined ? "initial" : "gap");
    } else this.#deliverLive(batch);
  }

  #deliverLive(batch: RawBatch): void {
    const { last } = this.#options.delivery;
    this.#lose(batch.sequence - (last === undefined ? 0 : last.sequence + 1));
    this.#deliver(batch);
    this.#lastLive = batch.sequence;
  }

  /** A number that does not rise: from a new process, or a batch that came twice? */
  #isRestart(batch: RawBatch): boolean {
    const { last, latestSeconds } = this.#options.delivery;
    // A PUB socket sends nothing old to a new connection.
    if (!this.#verified && this.#lastLive === undefined) return true;
    if (batch.sequence === last?.sequence) return !sameBytes(batch.payload, last.payload);
    const decoded = this.#options.delivery.decode(batch);
    return decoded !== undefined && decoded.timestampSeconds > latestSeconds;
  }

  /** Forgets the old process. `batch`, the new one's first sign, waits in the buffer for its history. */
  #restart(batch: RawBatch | undefined): void {
    this.#options.counts.add("restarts");
    this.#options.logger.info({}, "engine restarted: its blocks are forgotten");
    this.#forget();
    this.#verified = true;
    if (batch) this.#buffer.unshift(batch);
    if (batch?.sequence !== 0) this.#start("initial");
  }

  #forget(): void {
    this.#needsRebuild = false;
    this.#setDegraded(!this.#options.delivery.reset());
  }

  #mayReplay(): boolean {
    return this.#options.replay !== undefined && this.#options.clock.nowMs() >= this.#cooldownUntilMs;
  }

  #start(kind: ReplayKind): void {
    this.#cancelRun();
    const { replay, delivery, counts } = this.#options;
    if (replay === undefined) return;
    if (kind !== "probe") counts.add("replays");
    this.#runKind = kind;
    this.#runBatches = 0;
    this.#askedFor = this.#buffer.first?.sequence ?? -1;
    // The last batch is asked for once more: that it is the same proves that the process is.
    const from = kind === "initial" || kind === "rebuild" ? 0 : (delivery.last?.sequence ?? 0);
    this.#run = replay({
      from,
      onBatch: (sequence, payload) => this.#replayed({ sequence, payload }),
      onEnd: (outcome) => this.#ended(outcome),
    });
    this.#options.onChange();
  }

  /** Returns false where the replay has been ended. */
  #replayed(batch: RawBatch): boolean {
    if (this.#runBatches++ === 0 && !this.#begins(batch)) return false;
    const { last } = this.#options.delivery;
    if (batch.sequence === last?.sequence) return true;
    this.#deliverReplayed(batch, last);
    return true;
  }

  /** Looks at a replay's first batch. Returns false where the replay is over. */
  #begins(batch: RawBatch): boolean {
    const { last } = this.#options.delivery;
    if (this.#runKind === "rebuild") {
      if (batch.sequence > 0) this.#needsRebuild = false;
      else this.#forget();
      return batch.sequence === 0;
    }
    return batch.sequence !== last?.sequence || this.#isSameProcess(batch, last);
  }

  #deliverReplayed(batch: RawBatch, last: RawBatch | undefined): void {
    const expected = last === undefined ? 0 : last.sequence + 1;
    // Whether this is still the process of `last` cannot be told, as it no longer has that batch: a new index is safe.
    if (last !== undefined && !this.#verified) this.#forget();
    this.#verified = true;
    if (batch.sequence > expected) this.#needsRebuild = false;
    this.#lose(batch.sequence - expected);
    this.#deliver(batch);
  }

  #isSameProcess(batch: RawBatch, last: RawBatch): boolean {
    const same = sameBytes(batch.payload, last.payload);
    if (same) this.#verified = true;
    else this.#restart(undefined);
    return same;
  }

  #ended(outcome: ReplayOutcome): void {
    const kind = this.#runKind;
    this.#run = undefined;
    if (outcome === "failed") this.#failed(kind);
    else if (outcome === "complete") {
      this.#cooldownStretch = 1;
      // A process that ever sent our last batch would have it: this one has not come that far.
      const restarted = kind === "verify" && this.#runBatches === 0;
      if (restarted) this.#restart(undefined);
      else this.#verified = true;
      if (kind === "rebuild" || kind === "initial") this.#needsRebuild = false;
    }
    this.#drain();
    this.#options.onChange();
  }

  #failed(kind: ReplayKind): void {
    if (kind === "probe") return;
    const { clock, counts, logger, replayCooldownMs } = this.#options;
    counts.add("replayFailures");
    logger.warn({ kind }, "KV event replay failed: live events go on without it");
    const cooldownMs = replayCooldownMs * this.#cooldownStretch;
    this.#cooldownStretch = Math.min(MAX_COOLDOWN_STRETCH, this.#cooldownStretch * 2);
    this.#cooldownUntilMs = clock.nowMs() + cooldownMs;
    this.#setDegraded(true);
    this.#needsRebuild = true;
    this.#armRebuild(cooldownMs);
  }

  #armRebuild(delayMs: number): void {
    this.#cancelRebuild();
    this.#cancelRebuild = this.#options.clock.schedule(delayMs, () => {
      if (!this.#needsRebuild) return;
      this.#armRebuild(this.#options.replayCooldownMs);
      if (this.connected && !this.#run) this.#start("rebuild");
    });
  }

  /** Delivers what waited, until another replay is needed. */
  #drain(): void {
    while (!this.#run) {
      const batch = this.#buffer.shift();
      if (batch === undefined) return;
      this.#handle(batch, batch.sequence <= this.#askedFor);
    }
  }

  #deliver(batch: RawBatch): void {
    if (!this.#options.delivery.deliver(batch)) this.#setDegraded(true);
  }

  #lose(batches: number): void {
    if (batches === 0) return;
    this.#options.counts.add("lostBatches", batches);
    this.#options.logger.warn({ batches }, "KV event batches are lost");
    this.#setDegraded(true);
  }

  #setDegraded(degraded: boolean): void {
    if (this.degraded === degraded) return;
    this.degraded = degraded;
    this.#options.onChange();
  }

  #armProbe(): void {
    const { replay, probeIdleMs, clock } = this.#options;
    this.#cancelProbe();
    if (!replay || probeIdleMs === 0) return;
    this.#cancelProbe = clock.schedule(probeIdleMs * this.#probeStretch, () => this.#probe());
  }

  /** Asks for more after a silence, each time after a longer one. */
  #probe(): void {
    const quiet = this.#quiet;
    this.#quiet = true;
    this.#probeStretch = quiet ? Math.min(MAX_PROBE_STRETCH, this.#probeStretch * 2) : 1;
    this.#armProbe();
    if (quiet && !this.#run && this.#mayReplay()) this.#start("probe");
  }

  #cancelRun(): void {
    this.#run?.cancel();
    this.#run = undefined;
  }

  #stop(): void {
    this.#cancelRun();
    this.#cancelProbe();
    this.#buffer.clear();
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
