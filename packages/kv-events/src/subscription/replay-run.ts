import type { Clock } from "@warmpath/contracts";
import { decodeSequence, encodeSequence } from "../sequence";
import type { MessageSocket, MessageSource } from "../transport/message-source";

export interface ReplayRunOptions {
  readonly messageSource: MessageSource;
  readonly address: string;
  readonly clock: Clock;
  readonly replayIdleMs: number;
  readonly replayTotalMs: number;
  readonly maxReplayAttempts: number;
  readonly maxMessageBytes: number;
  /** First sequence number to ask for. */
  readonly from: number;
  /**
   * The next batch. Numbers rise by one; only the first of an attempt may skip some, and then the engine no longer has
   * those. Returns false to end the run.
   */
  onBatch(sequence: number, payload: Uint8Array): boolean;
  onMalformed(): void;
  /** Called once, unless the run was cancelled: `complete` = the engine said that there is no more. */
  onEnd(outcome: ReplayOutcome): void;
}

export type ReplayOutcome = "complete" | "failed" | "stopped";

/** Pause before an attempt that follows one without an answer. */
const RETRY_DELAY_MS = 100;
const EMPTY = new Uint8Array(0);

/** Asks an engine for its past batches. An answer that breaks off or has a hole is asked for again from there. */
export class ReplayRun {
  readonly #options: ReplayRunOptions;
  readonly #deadlineMs: number;
  #next: number;
  #socket: MessageSocket | undefined;
  #cancelTimer: () => void = () => undefined;
  #attempt = 0;
  #attemptsWithoutProgress = 0;
  #batchesInAttempt = 0;
  #over = false;

  constructor(options: ReplayRunOptions) {
    this.#options = options;
    this.#next = options.from;
    this.#deadlineMs = options.clock.nowMs() + Math.max(1, options.replayTotalMs);
    this.#begin();
  }

  cancel(): void {
    this.#over = true;
    this.#drop();
  }

  #begin(): void {
    const attempt = ++this.#attempt;
    this.#batchesInAttempt = 0;
    this.#waitForMore(attempt);
    void this.#open(attempt);
  }

  async #open(attempt: number): Promise<void> {
    const { messageSource, address, maxMessageBytes } = this.#options;
    try {
      const socket = await messageSource.open({
        pattern: "dealer",
        address,
        topic: "",
        maxMessageBytes,
        onOpen: () => undefined,
        onMessage: (frames) => this.#receive(attempt, frames),
        onClose: () => this.#retry(attempt),
      });
      if (attempt === this.#attempt) {
        this.#socket = socket;
        socket.send([EMPTY, encodeSequence(this.#next)]);
      } else socket.close();
    } catch {
      this.#retry(attempt);
    }
  }

  /** The last two frames are number and payload, whether or not a delimiter and a topic stand before them. */
  #receive(attempt: number, frames: readonly Uint8Array[]): void {
    if (attempt !== this.#attempt) return;
    const [number, payload] = frames.slice(-2);
    const sequence = number && decodeSequence(number);
    if (payload === undefined || frames.length > 4) this.#options.onMalformed();
    else if (payload.length === 0) this.#end("complete");
    else if (sequence === undefined) this.#options.onMalformed();
    else if (sequence > this.#next && this.#batchesInAttempt > 0) {
      // A hole behind the first batch was made on the way: full queues drop messages. A new request may fill it.
      this.#retry(attempt, 0);
    } else if (sequence >= this.#next) this.#accept(attempt, sequence, payload);
  }

  #accept(attempt: number, sequence: number, payload: Uint8Array): void {
    this.#batchesInAttempt++;
    this.#attemptsWithoutProgress = 0;
    this.#next = sequence + 1;
    if (!this.#options.onBatch(sequence, payload)) this.#end("stopped");
    else if (!this.#over) this.#waitForMore(attempt);
  }

  #waitForMore(attempt: number): void {
    const { clock, replayIdleMs } = this.#options;
    this.#cancelTimer();
    const leftMs = this.#deadlineMs - clock.nowMs();
    if (leftMs <= 0) this.#end("failed");
    else this.#cancelTimer = clock.schedule(Math.min(replayIdleMs, leftMs), () => this.#retry(attempt));
  }

  #retry(attempt: number, delayMs = RETRY_DELAY_MS): void {
    if (attempt !== this.#attempt || this.#over) return;
    this.#drop();
    const { clock, maxReplayAttempts } = this.#options;
    const exhausted = ++this.#attemptsWithoutProgress >= maxReplayAttempts;
    if (exhausted || clock.nowMs() >= this.#deadlineMs) this.#end("failed");
    else this.#cancelTimer = clock.schedule(delayMs, () => this.#begin());
  }

  #end(outcome: ReplayOutcome): void {
    if (this.#over) return;
    this.cancel();
    this.#options.onEnd(outcome);
  }

  #drop(): void {
    this.#attempt++;
    this.#cancelTimer();
    this.#socket?.close();
    this.#socket = undefined;
  }
}
