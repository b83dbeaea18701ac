import type { Clock, Logger, Random } from "@warmpath/contracts";
import type { MessageSocket, MessageSource } from "../transport/message-source";

export interface ConnectionOptions {
  readonly messageSource: MessageSource;
  readonly address: string;
  readonly topic: string;
  readonly clock: Clock;
  readonly random: Random | undefined;
  readonly logger: Logger;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  readonly connectTimeoutMs: number;
  readonly maxMessageBytes: number;
  onUp(): void;
  onDown(): void;
  onMessage(frames: readonly Uint8Array[]): void;
}

/** Keeps one SUB socket connected until it is closed: each failure is followed by a new attempt, after a growing, jittered delay. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: MessageSocket | undefined;
  #cancelTimer: () => void = () => undefined;
  #failures = 0;
  #up = false;
  #closed = false;
  /** Tells an old socket's callbacks from the present one's. */
  #attempt = 0;
  #opening: Promise<void> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#attempt++;
    this.#cancelTimer();
    await this.#opening;
    this.#socket?.close();
  }

  #connect(): void {
    if (this.#closed) return;
    const attempt = ++this.#attempt;
    const { clock, connectTimeoutMs } = this.#options;
    this.#cancelTimer = clock.schedule(connectTimeoutMs, () => this.#lose(attempt, "no answer in time"));
    this.#opening = this.#open(attempt);
  }

  async #open(attempt: number): Promise<void> {
    const { messageSource, address, topic, maxMessageBytes, onMessage } = this.#options;
    try {
      const socket = await messageSource.open({
        pattern: "subscribe",
        address,
        topic,
        maxMessageBytes,
        onOpen: () => this.#rise(attempt),
        onMessage: (frames) => {
          if (attempt === this.#attempt) onMessage(frames);
        },
        onClose: (reason) => this.#lose(attempt, reason),
      });
      if (attempt === this.#attempt) this.#socket = socket;
      else socket.close();
    } catch (error) {
      this.#lose(attempt, error instanceof Error ? error.message : String(error));
    }
  }

  #rise(attempt: number): void {
    if (attempt !== this.#attempt) return;
    this.#cancelTimer();
    this.#failures = 0;
    this.#up = true;
    this.#options.logger.info({ address: this.#options.address }, "KV event stream connected");
    this.#options.onUp();
  }

  #lose(attempt: number, reason: string): void {
    if (attempt !== this.#attempt) return;
    this.#attempt++;
    this.#cancelTimer();
    this.#socket?.close();
    this.#socket = undefined;
    const delayMs = this.#nextDelay();
    this.#report(reason, delayMs);
    this.#cancelTimer = this.#options.clock.schedule(delayMs, () => this.#connect());
    if (!this.#up) return;
    this.#up = false;
    this.#options.onDown();
  }

  #nextDelay(): number {
    const { reconnectMinMs, reconnectMaxMs, random } = this.#options;
    const delayMs = Math.min(reconnectMaxMs, reconnectMinMs * 2 ** Math.min(this.#failures++, 30));
    // Half of the delay is random, so that the routers of a fleet do not knock at one time.
    return random ? delayMs * (0.5 + 0.5 * random.next()) : delayMs;
  }

  /** An engine that is away for long is told of once at warn level, not at every attempt. */
  #report(reason: string, delayMs: number): void {
    const { logger, address } = this.#options;
    const level = this.#failures === 1 ? "warn" : "debug";
    logger[level]({ address, reason, retryInMs: Math.round(delayMs) }, "KV event stream not connected");
  }
}
