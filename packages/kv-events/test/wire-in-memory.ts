import type { Clock } from "@warmpath/contracts";
import { decodeKvEventBatch } from "../src/decode/batch";
import { END_OF_REPLAY, encodeSequence } from "../src/sequence";
import type { MessageSocket, MessageSocketOptions, MessageSource } from "../src/transport/message-source";

/** A clock that moves when it is told to. */
export class FakeClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  nowMs(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Runs all that is due within the next `ms`, in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const [next] = this.#timers.sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = end;
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

interface OpenSocket {
  readonly options: MessageSocketOptions;
  open: boolean;
}

/** An engine and the network to it, as a `MessageSource` whose every failure can be called for. */
export class Wire implements MessageSource {
  readonly contractVersion = 1;
  /** Batches of the engine's present process. */
  history: Uint8Array[] = [];
  /** Batches that the engine keeps for replay. */
  kept = Number.POSITIVE_INFINITY;
  /** Replay requests get no answer. */
  mute = false;
  /** Connections are refused. */
  refuse = false;
  /** Connections are never completed. */
  stall = false;
  requests = 0;
  /** When a connection to the live socket was tried. */
  readonly attempts: number[] = [];
  readonly #clock: Clock;
  #sockets: OpenSocket[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get openSockets(): number {
    return this.#sockets.filter((socket) => socket.open).length;
  }

  /** Labels of the newest `count` batches. */
  labels(count: number): number[] {
    return this.history.slice(Math.max(0, this.history.length - count)).map((payload) => {
      const [event] = decodeKvEventBatch(payload).events;
      return event?.kind === "removed" ? event.blockHashes[0]! : -1;
    });
  }

  /** The engine publishes a batch; `arrives` says whether the live socket brings it. */
  publish(payload: Uint8Array, arrives: boolean): void {
    this.history.push(payload);
    if (arrives) this.repeat();
  }

  /** The live socket brings the newest batch, once more where it came before. */
  repeat(): void {
    const payload = this.history.at(-1);
    if (payload === undefined) return;
    const frames = [new Uint8Array(0), encodeSequence(this.history.length - 1), payload];
    for (const socket of this.#live()) socket.options.onMessage(frames);
  }

  /** The live connection breaks. */
  cut(): void {
    for (const socket of this.#live()) {
      socket.open = false;
      socket.options.onClose("cut");
    }
  }

  /** The engine starts anew: all connections break, numbers begin at 0. */
  restart(): void {
    this.history = [];
    for (const socket of this.#sockets.filter((other) => other.open)) {
      socket.open = false;
      socket.options.onClose("restart");
    }
  }

  async open(options: MessageSocketOptions): Promise<MessageSocket> {
    if (options.pattern === "subscribe") this.attempts.push(this.#clock.nowMs());
    const socket: OpenSocket = { options, open: true };
    this.#sockets = [...this.#sockets.filter((other) => other.open), socket];
    queueMicrotask(() => this.#complete(socket));
    const close = (): void => {
      socket.open = false;
    };
    return { send: (frames) => this.#answer(socket, frames), close };
  }

  #complete(socket: OpenSocket): void {
    if (!socket.open || this.stall) return;
    if (this.refuse) {
      socket.open = false;
      socket.options.onClose("refused");
    } else socket.options.onOpen();
  }

  #live(): OpenSocket[] {
    return this.#sockets.filter((socket) => socket.open && socket.options.pattern === "subscribe");
  }

  /** The snapshot is taken when the request arrives; the messages come one by one. */
  #answer(socket: OpenSocket, frames: readonly Uint8Array[]): void {
    this.requests++;
    if (this.mute) return;
    const start = new DataView(frames[1]!.buffer).getUint32(4);
    const { history } = this;
    const batches = history.map((payload, i) => [new Uint8Array(0), encodeSequence(i), payload]);
    const answer = batches.slice(Math.max(start, history.length - this.kept));
    answer.push([new Uint8Array(0), END_OF_REPLAY as Uint8Array, new Uint8Array(0)]);
    const deliver = (i: number): void => {
      if (!socket.open || i === answer.length) return;
      socket.options.onMessage(answer[i]!);
      this.#clock.schedule(1, () => deliver(i + 1));
    };
    this.#clock.schedule(1, () => deliver(0));
  }
}
