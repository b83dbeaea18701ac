import { WarmpathError } from "@warmpath/contracts";
import type { Publisher, Router } from "zeromq";
import { encodeSequence } from "../sequence";
import { LINGER_MS } from "../transport/linger";
import { portReleased } from "./port-release";
import { ReplayBuffer } from "./replay-buffer";
import { serveReplays } from "./replay-service";
import type { KvEventPublisher, KvEventPublisherOptions } from "./types";

const DEFAULT_BUFFER_STEPS = 10_000;
const DEFAULT_HIGH_WATER_MARK = 100_000;

/**
 * Opens an engine's event sockets. Rejects with `port_in_use` where an address is taken, and with
 * `invalid_configuration` where one makes no sense.
 */
export async function createKvEventPublisher(options: KvEventPublisherOptions): Promise<KvEventPublisher> {
  const { Publisher, Router } = await import("zeromq");
  const bufferSteps = checkCount("bufferSteps", options.bufferSteps ?? DEFAULT_BUFFER_STEPS);
  const highWaterMark = checkCount("highWaterMark", options.highWaterMark ?? DEFAULT_HIGH_WATER_MARK);
  const socket = new Publisher({ linger: LINGER_MS, sendHighWaterMark: highWaterMark });
  // A whole buffer fits into a peer's queue, so that an answer has no holes.
  const router =
    options.replayEndpoint === undefined
      ? undefined
      : new Router({ linger: LINGER_MS, sendHighWaterMark: bufferSteps + 1 });
  try {
    if (options.mode === "connect") socket.connect(options.endpoint);
    else await bind(socket, options.endpoint);
    if (router && options.replayEndpoint !== undefined) await bind(router, options.replayEndpoint);
  } catch (error) {
    socket.close();
    router?.close();
    throw explain(error, options);
  }
  return new ZeromqPublisher(socket, router, new ReplayBuffer(bufferSteps), options);
}

class ZeromqPublisher implements KvEventPublisher {
  readonly endpoint: string;
  readonly replayEndpoint: string | undefined;
  readonly #socket: Publisher;
  readonly #router: Router | undefined;
  readonly #buffer: ReplayBuffer;
  readonly #topic: Uint8Array;
  readonly #replays: Promise<void>;
  readonly #bound: boolean;
  readonly #outgoing: Uint8Array[][] = [];
  #pumping: Promise<void> | undefined;
  #dropUnsent = 0;
  #dropEverywhere = 0;
  #closed = false;

  constructor(socket: Publisher, router: Router | undefined, buffer: ReplayBuffer, options: KvEventPublisherOptions) {
    this.#socket = socket;
    this.#router = router;
    this.#buffer = buffer;
    this.#topic = new TextEncoder().encode(options.topic ?? "");
    this.#bound = options.mode !== "connect";
    this.endpoint = socket.lastEndpoint ?? options.endpoint;
    this.replayEndpoint = router?.lastEndpoint ?? undefined;
    const form = options.replayForm ?? "topic";
    // Its socket drops what a vanished peer does not take, so it fails only when it is closed.
    this.#replays = router
      ? serveReplays({ router, buffer, topic: this.#topic, form }).catch(() => undefined)
      : Promise.resolve();
  }

  get nextSequence(): number {
    return this.#buffer.nextSequence;
  }

  publish(payload: Uint8Array): number {
    if (this.#closed) throw new WarmpathError("internal_error", "A closed publisher cannot publish.");
    if (this.#dropEverywhere > 0) {
      this.#dropEverywhere--;
      return this.#buffer.push(undefined);
    }
    const sequence = this.#buffer.push(payload);
    if (this.#dropUnsent > 0) this.#dropUnsent--;
    else {
      this.#outgoing.push([this.#topic, encodeSequence(sequence), payload]);
      this.#pumping ??= this.#pump();
    }
    return sequence;
  }

  dropNext(count: number, options: { readonly fromReplay?: boolean } = {}): void {
    if (options.fromReplay) this.#dropEverywhere += count;
    else this.#dropUnsent += count;
  }

  async flush(): Promise<void> {
    await this.#pumping;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.flush();
    this.#socket.close();
    this.#router?.close();
    await this.#replays;
    if (this.#bound) await portReleased(this.endpoint);
    if (this.replayEndpoint !== undefined) await portReleased(this.replayEndpoint);
  }

  /** One after the other: a socket takes no second send while the first waits. */
  async #pump(): Promise<void> {
    while (this.#outgoing.length > 0) {
      for (const message of this.#outgoing.splice(0)) {
        // As in the engine, a batch that cannot be sent is lost and its number is used up.
        await this.#socket.send(message).catch(() => undefined);
      }
    }
    this.#pumping = undefined;
  }
}

async function bind(socket: Publisher | Router, endpoint: string): Promise<void> {
  await socket.bind(endpoint.replace(/^(tcp:\/\/.*):0$/, "$1:*"));
}

function checkCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new WarmpathError("invalid_configuration", `${name} is ${value}, but must be a whole number from 0.`);
}

function explain(error: unknown, options: KvEventPublisherOptions): WarmpathError {
  const where = [options.endpoint, options.replayEndpoint].filter(Boolean).join(" or ");
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return new WarmpathError("port_in_use", `An address of ${where} is taken.`, { cause: error });
  }
  return new WarmpathError("invalid_configuration", `The sockets ${where} cannot be opened.`, { cause: error });
}
