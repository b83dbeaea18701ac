import { WarmpathError } from "@warmpath/contracts";
import type { Dealer, Subscriber } from "zeromq";
import { LINGER_MS } from "./linger";
import type { MessageSocket, MessageSocketOptions, MessageSource } from "./message-source";

/** As many as vLLM's publisher keeps for us, so that a busy event loop loses nothing sooner than the engine does. */
const RECEIVE_HIGH_WATER_MARK = 100_000;
/** The caller decides when to connect again. */
const NO_RECONNECT = -1;

/** Messages over ZMQ sockets (`tcp://`, `ipc://`), through the native `zeromq` package, which is loaded at the first `open`. */
export function createZeromqSource(): MessageSource {
  return {
    contractVersion: 1,
    async open(options) {
      const zeromq = await import("zeromq");
      const settings = {
        linger: LINGER_MS,
        reconnectInterval: NO_RECONNECT,
        receiveHighWaterMark: RECEIVE_HIGH_WATER_MARK,
        maxMessageSize: options.maxMessageBytes,
        // A host that vanishes sends no FIN; without probes the stream would only fall silent.
        tcpKeepalive: 1,
        tcpKeepaliveIdle: 10,
        tcpKeepaliveInterval: 5,
        tcpKeepaliveCount: 3,
      };
      if (options.pattern === "dealer") return new ZeromqSocket(new zeromq.Dealer(settings), options);
      const subscriber = new zeromq.Subscriber(settings);
      subscriber.subscribe(options.topic);
      return new ZeromqSocket(subscriber, options);
    },
  };
}

class ZeromqSocket implements MessageSocket {
  readonly #socket: Subscriber | Dealer;
  readonly #options: MessageSocketOptions;
  readonly #outgoing: (readonly Uint8Array[])[] = [];
  #sending = false;
  #over = false;

  constructor(socket: Subscriber | Dealer, options: MessageSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#watch();
    try {
      socket.connect(options.address);
    } catch (error) {
      this.close();
      throw new WarmpathError("invalid_configuration", `${options.address} is no address of a ZMQ socket.`, {
        cause: error,
      });
    }
    void this.#receive();
  }

  send(frames: readonly Uint8Array[]): void {
    this.#outgoing.push(frames);
    void this.#pump();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket.close();
  }

  #watch(): void {
    const { events } = this.#socket;
    events.on("handshake", () => {
      if (!this.#over) this.#options.onOpen();
    });
    events.on("disconnect", () => this.#fail("the peer closed the connection"));
    events.on("close", () => this.#fail("the peer cannot be reached"));
    events.on("handshake:error:protocol", () => this.#fail("the peer does not speak ZMTP"));
    events.on("handshake:error:auth", () => this.#fail("the peer refuses the connection"));
    events.on("handshake:error:other", () => this.#fail("the handshake failed"));
  }

  #fail(reason: string): void {
    if (this.#over) return;
    this.close();
    this.#options.onClose(reason);
  }

  async #receive(): Promise<void> {
    try {
      for await (const frames of this.#socket) {
        if (this.#over) return;
        this.#options.onMessage(frames as Uint8Array[]);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  /** One after the other: a socket takes no second send while the first waits. */
  async #pump(): Promise<void> {
    if (this.#sending || !("send" in this.#socket)) return;
    this.#sending = true;
    try {
      for (let next = this.#outgoing.shift(); next && !this.#over; next = this.#outgoing.shift()) {
        await this.#socket.send([...next]);
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#sending = false;
    }
  }
}
