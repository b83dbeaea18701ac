import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { WarmpathError } from "@warmpath/contracts";
import type { Exchange } from "./exchange";
import { HttpRefusal } from "./refusal";
import { RequestBody } from "./request-body";
import { RequestHead } from "./request-head";
import type { HttpServerSettings } from "./server";

const EMPTY = Buffer.alloc(0);
const CONTINUE = Buffer.from("HTTP/1.1 100 Continue\r\n\r\n", "latin1");
/** Bytes of further requests that are held while one is answered; beyond it the socket is not read. */
const MAX_HELD_BYTES = 65_536;

const HEAD = 0;
const BODY = 1;
const ANSWER = 2;
const CLOSING = 3;

/** One client connection: requests in, one at a time and in order, answers out. */
export class ServerConnection implements Exchange {
  readonly head = new RequestHead();
  body: Buffer = EMPTY;
  onAbort: (() => void) | undefined;
  onDrain: (() => void) | undefined;
  /** Clock time after which the connection is closed for having waited too long; Infinity while an answer runs. */
  deadlineMs = 0;
  readonly #socket: Socket;
  readonly #settings: HttpServerSettings;
  readonly #collector = new RequestBody();
  #phase = HEAD;
  #held: Buffer = EMPTY;
  /** Where the search for the head's end goes on in `#held`. */
  #searched = 0;
  #paused = false;
  /** Bytes of the last answer that waited for the client when last looked at. */
  #unsent = 0;
  #draining = false;
  #abort: AbortController | undefined;

  constructor(socket: Socket, settings: HttpServerSettings) {
    this.#socket = socket;
    this.#settings = settings;
    this.#wait(settings.headTimeoutMs);
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    socket.on("drain", () => {
      if (this.#phase === ANSWER) this.deadlineMs = Number.POSITIVE_INFINITY;
      this.onDrain?.();
    });
    // A half-closed client cannot be told from one that left: as every gateway does, take it for gone.
    socket.on("end", () => {
      if (this.#phase !== CLOSING) this.#onGone();
    });
    socket.on("error", () => this.#onGone());
    socket.on("close", () => this.#onGone());
  }

  get persistent(): boolean {
    return this.head.persistent && !this.#draining;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** No request is under way. */
  get idle(): boolean {
    return this.#phase === HEAD && this.#held.length === 0;
  }

  /** Takes no further request; closes now when idle, else behind the answer under way. */
  drain(): void {
    this.#draining = true;
    if (this.idle) this.#socket.destroy();
  }

  cut(): void {
    // By FIN, not by reset: that would also take away what the client has not read yet.
    this.onAbort = this.onDrain = undefined;
    this.#linger();
  }

  answer(status: number, fields: string, body: Uint8Array): void {
    const keepOpen = this.persistent;
    const reason = STATUS_CODES[status] ?? "Unknown";
    const close = keepOpen ? "" : "connection: close\r\n";
    const head = `HTTP/1.1 ${status} ${reason}\r\n${fields}content-length: ${body.length}\r\n${close}\r\n`;
    const payload = this.head.method === "HEAD" ? EMPTY : body;
    const out = Buffer.allocUnsafe(head.length + payload.length);
    out.set(payload, out.write(head, 0, "latin1"));
    this.write(out);
    this.finish(keepOpen);
  }

  write(bytes: Uint8Array): boolean {
    const flowing = this.#socket.write(bytes);
    // A client that has stopped reading holds an engine; it may not do so for ever.
    if (!flowing && this.#phase === ANSWER) this.#wait(this.#settings.bodyTimeoutMs);
    return flowing;
  }

  finish(keepOpen: boolean): void {
    if (this.#phase === CLOSING) return;
    this.onAbort = this.onDrain = undefined;
    this.body = EMPTY;
    if (!keepOpen || this.#draining) {
      this.#linger();
      return;
    }
    this.#phase = HEAD;
    this.#wait(this.#settings.keepAliveTimeoutMs);
    if (this.#held.length > 0) this.#settings.defer(() => this.#resume());
  }

  /** The sweep found the deadline passed. */
  expire(): void {
    const { writableLength } = this.#socket;
    if (this.#phase === CLOSING && writableLength > 0 && writableLength !== this.#unsent) {
      // The client still takes what was written before the end.
      this.#unsent = writableLength;
      this.#wait(this.#settings.lingerMs);
      return;
    }
    const inRequest = this.#phase === BODY || (this.#phase === HEAD && this.#held.length > 0);
    if (inRequest) this.#refuse(new HttpRefusal(408, "The request did not arrive in time."));
    else this.#socket.destroy();
  }

  #wait(forMs: number): void {
    this.deadlineMs = this.#settings.clock.nowMs() + forMs;
  }

  #resume(): void {
    if (this.#phase !== HEAD) return;
    const held = this.#held;
    this.#held = EMPTY;
    this.#searched = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#socket.resume();
    }
    this.#advance(held);
  }

  #onData(bytes: Buffer): void {
    if (this.#phase === CLOSING) return;
    if (this.#phase === ANSWER) this.#hold(bytes);
    else this.#advance(bytes);
  }

  #hold(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (this.#held.length <= MAX_HELD_BYTES) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #advance(bytes: Buffer): void {
    try {
      if (this.#phase === HEAD) this.#readHead(bytes);
      else this.#readBody(bytes, 0);
    } catch (error) {
      const known = WarmpathError.isInstance(error);
      this.#refuse(known ? error : new WarmpathError("internal_error", "The gateway failed.", { cause: error }));
    }
  }

  #readHead(arrived: Buffer): void {
    const bytes = this.#held.length === 0 ? arrived : Buffer.concat([this.#held, arrived]);
    // Some clients end the last body with a line too many; RFC 9112 asks to skip it.
    const start = bytes[0] === 0x0d && bytes[1] === 0x0a ? 2 : 0;
    const end = bytes.indexOf("\r\n\r\n", Math.max(start, this.#searched), "latin1");
    const { maxHeadBytes } = this.#settings;
    if ((end < 0 ? bytes.length : end) - start > maxHeadBytes) {
      throw new HttpRefusal(431, `The request's head is longer than ${maxHeadBytes} bytes.`);
    }
    if (end < 0) {
      if (this.#held.length === 0) this.#wait(this.#settings.headTimeoutMs);
      this.#held = bytes;
      this.#searched = Math.max(0, bytes.length - 3);
      return;
    }
    this.#held = EMPTY;
    this.#searched = 0;
    this.head.read(bytes, start, end + 2);
    this.#startBody(bytes, end + 4);
  }

  #startBody(bytes: Buffer, from: number): void {
    this.#collector.start(this.head.framing, this.#settings.maxBodyBytes);
    this.#phase = BODY;
    if (this.head.expectsContinue && from === bytes.length && !this.#collector.complete) this.#socket.write(CONTINUE);
    this.#readBody(bytes, from);
  }

  #readBody(bytes: Buffer, from: number): void {
    const rest = from < bytes.length ? this.#collector.push(bytes, from) : from;
    if (!this.#collector.complete) {
      this.#wait(this.#settings.bodyTimeoutMs);
      return;
    }
    this.#phase = ANSWER;
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.body = this.#collector.take();
    if (rest < bytes.length) this.#hold(bytes.subarray(rest));
    this.#settings.handle(this);
  }

  /** Answers a request that could not be read; what follows it on the connection cannot be trusted. */
  #refuse(error: WarmpathError): void {
    this.#phase = ANSWER;
    this.head.persistent = false;
    const { fields, body } = this.#settings.refusal(error);
    this.answer(error.status, fields, body);
  }

  /** Ends the connection, reading on for a moment: a reset would take the answer from a client that is still sending. */
  #linger(): void {
    this.#phase = CLOSING;
    this.#held = EMPTY;
    this.#wait(this.#settings.lingerMs);
    this.#socket.end();
    this.#socket.resume();
  }

  #onGone(): void {
    const { onAbort } = this;
    this.onAbort = this.onDrain = undefined;
    if (this.#phase !== CLOSING) {
      this.#phase = CLOSING;
      this.#abort?.abort(new WarmpathError("client_closed", "The client left before the answer."));
      onAbort?.();
    }
    this.#held = EMPTY;
    this.#socket.destroy();
  }
}
