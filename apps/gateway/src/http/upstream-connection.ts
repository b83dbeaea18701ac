import type { Socket } from "node:net";
import { AnswerHead } from "./answer-head";
import type { AnswerSink, UpstreamFailure } from "./answer-sink";
import { ChunkedDecoder } from "./chunked";
import { CHUNKED, UNTIL_CLOSE } from "./framing";
import type { SocketOpener } from "./open-socket";
import { HttpRefusal } from "./refusal";

const EMPTY = Buffer.alloc(0);
const MAX_HEAD_BYTES = 65_536;
/** Head and body leave in one piece up to this body size, for which Node has pooled memory; longer bodies uncopied. */
const COPY_BYTES = 3072;

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** The answer is through and the connection can take another request. */
  release(connection: UpstreamConnection): void;
  /** The connection is closed. */
  discard(connection: UpstreamConnection): void;
}

/** One connection to an engine: a request out, an answer in. */
export class UpstreamConnection {
  /** Clock time at which it became idle. */
  idleSinceMs = 0;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #head = new AnswerHead();
  readonly #decoder = new ChunkedDecoder();
  readonly #single: Uint8Array[] = [EMPTY];
  #sink: AnswerSink | undefined;
  #held: Buffer = EMPTY;
  /** The answer's head has been handed on. */
  #headSeen = false;
  #remaining = 0;
  #connected = false;
  #answered = 0;
  #closed = false;
  #cancelLimit: (() => void) | undefined;

  constructor(opener: SocketOpener, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#socket = opener.open(
      (bytes) => this.#onData(bytes),
      () => this.#onConnected(),
    );
    this.#socket.on("end", () => this.#onClosed(true));
    this.#socket.on("error", () => this.#onClosed(false));
    this.#socket.on("close", () => this.#onClosed(false));
  }

  /** Gives up the attempt to connect when `schedule` calls back; the returned function calls that off. */
  limitConnect(schedule: (callback: () => void) => () => void): void {
    this.#cancelLimit = schedule(() => this.#onClosed(false));
  }

  /** Sends one request. `head` ends with its empty line. */
  send(head: string, body: Uint8Array, sink: AnswerSink): void {
    this.#sink = sink;
    this.#headSeen = false;
    const socket = this.#socket;
    if (body.length <= COPY_BYTES) {
      const out = Buffer.allocUnsafe(head.length + body.length);
      out.set(body, out.write(head, 0, "latin1"));
      socket.write(out);
      return;
    }
    socket.cork();
    socket.write(head, "latin1");
    socket.write(body);
    socket.uncork();
  }

  /** Stops reading until `resume`: the engine feels the back-pressure. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes the connection at once; the sink hears nothing more. */
  destroy(): void {
    this.#sink = undefined;
    this.#onClosed(false);
  }

  #onConnected(): void {
    this.#connected = true;
    this.#cancelLimit?.();
  }

  #onData(bytes: Buffer): void {
    // Bytes that no request asked for: the engine and we disagree on framing.
    if (this.#sink === undefined) {
      this.destroy();
      return;
    }
    try {
      if (this.#headSeen) this.#onBody(bytes, 0);
      else this.#onHead(bytes);
    } catch (error) {
      this.#fail(this.#headSeen ? "cut" : "malformed", error);
    }
  }

  #onHead(arrived: Buffer): void {
    const bytes = this.#held.length === 0 ? arrived : Buffer.concat([this.#held, arrived]);
    this.#held = EMPTY;
    let from = 0;
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n", from, "latin1");
      if ((end < 0 ? bytes.length : end) - from > MAX_HEAD_BYTES) throw new HttpRefusal(431, "The head is too long.");
      if (end < 0) {
        this.#held = from === 0 ? bytes : bytes.subarray(from);
        return;
      }
      this.#head.read(bytes, from, end + 2);
      from = end + 4;
      if (this.#head.status >= 200) break;
      // Interim answers: 100 and 103 are of no use to a client that was answered by us; 101 was never asked for.
      if (this.#head.status === 101) throw new HttpRefusal(400, "The engine switched protocols unasked.");
    }
    this.#headSeen = true;
    this.#remaining = this.#head.framing;
    this.#decoder.reset();
    this.#sink?.onHead(this.#head);
    this.#onBody(bytes, from);
  }

  #onBody(bytes: Buffer, from: number): void {
    if (this.#head.framing === CHUNKED) this.#chunkedBody(bytes, from);
    else this.#plainBody(bytes, from);
  }

  #plainBody(bytes: Buffer, from: number): void {
    let end = bytes.length;
    let last = false;
    if (this.#head.framing !== UNTIL_CLOSE) {
      end = Math.min(end, from + this.#remaining);
      this.#remaining -= end - from;
      last = this.#remaining === 0;
    }
    this.#single[0] = bytes.subarray(from, end);
    this.#deliver(bytes, from, end, this.#single, true, last);
  }

  #chunkedBody(bytes: Buffer, from: number): void {
    const clean = this.#decoder.atBoundary;
    const end = this.#decoder.push(bytes, from);
    const whole = clean && this.#decoder.atBoundary && !this.#decoder.sawExtra;
    this.#deliver(bytes, from, end, this.#decoder.payloads, whole, this.#decoder.done);
  }

  #deliver(
    bytes: Buffer,
    from: number,
    end: number,
    payloads: readonly Uint8Array[],
    whole: boolean,
    last: boolean,
  ): void {
    const sink = this.#sink;
    if (last) this.#finish(end === bytes.length);
    sink?.onBody(bytes, from, end, payloads, whole, last);
  }

  #finish(clean: boolean): void {
    this.#sink = undefined;
    this.#answered++;
    if (!clean || !this.#head.persistent || this.#closed) {
      this.destroy();
      return;
    }
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#owner.release(this);
  }

  #onClosed(ended: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelLimit?.();
    const sink = this.#sink;
    this.#socket.destroy();
    this.#owner.discard(this);
    if (sink === undefined) return;
    this.#sink = undefined;
    if (ended && this.#headSeen && this.#head.framing === UNTIL_CLOSE) sink.onBody(EMPTY, 0, 0, [], true, true);
    else sink.onFailure(this.#failureKind(), undefined);
  }

  #failureKind(): UpstreamFailure {
    if (this.#headSeen) return "cut";
    if (!this.#connected) return "unsent";
    return this.#answered > 0 && this.#held.length === 0 ? "stale" : "unanswered";
  }

  #fail(failure: UpstreamFailure, cause: unknown): void {
    const sink = this.#sink;
    this.destroy();
    sink?.onFailure(failure, cause);
  }
}
