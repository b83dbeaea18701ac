import { ANSWER_CONNECTION, ANSWER_ENCODING, ANSWER_HOP, type AnswerHead } from "../http/answer-head";
import { encodeChunk, LAST_CHUNK } from "../http/chunked";
import type { Exchange } from "../http/exchange";
import { CHUNKED, UNTIL_CLOSE } from "../http/framing";

/** How the body is framed towards the client. */
type Mode =
  /** As it came: a length. */
  | "length"
  /** As it came, in chunks; a chunk that arrives in pieces is passed on in pieces. */
  | "chunked"
  /** Chunks of our own, because the engine's answer ends with its connection. */
  | "rechunked"
  /** Bare bytes up to the end of the connection, for HTTP/1.0. */
  | "bare";

const BLANK_LINES = Buffer.from("\n\n", "latin1");

/** Passes one answer on to the client, as it comes and unaltered. */
export class AnswerRelay {
  readonly #exchange: Exchange;
  #mode: Mode = "length";
  #keepOpen = false;
  #eventStream = false;
  #rawHead: AnswerHead | undefined;
  #builtHead = "";

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Takes the head; it leaves together with the first bytes of the body. `extra` are header lines to add. */
  head(head: AnswerHead, extra: string): void {
    const exchange = this.#exchange;
    this.#mode = modeOf(head.framing, exchange.head.minor);
    this.#keepOpen = exchange.persistent && this.#mode !== "bare";
    this.#eventStream = head.isEventStream;
    if (head.endToEnd && this.#keepOpen && extra === "") this.#rawHead = head;
    else this.#builtHead = this.#build(head, extra);
  }

  /** Takes the next bytes of the body, as `AnswerSink.onBody`; false asks to wait for the client. */
  body(
    bytes: Buffer,
    start: number,
    end: number,
    payloads: readonly Uint8Array[],
    whole: boolean,
    last: boolean,
  ): boolean {
    const asItCame = this.#mode === "length" || (this.#mode === "chunked" && whole);
    let flowing = true;
    if (this.#rawHead !== undefined && asItCame) flowing = this.#write(bytes.subarray(this.#rawHead.start, end));
    else {
      const framed = asItCame ? bytes.subarray(start, end) : this.#frame(payloads, last);
      flowing = this.#write(this.#takeHead(framed));
    }
    this.#rawHead = undefined;
    if (last) this.#exchange.finish(this.#keepOpen);
    return flowing;
  }

  /**
   * The engine left in the middle of the answer. A client of an event stream gets `event`, behind the end of the event
   * it is in the middle of, and no `[DONE]`; any other client sees its connection cut, so that a short answer cannot be
   * taken for a whole one.
   */
  cutShort(event: Uint8Array, midEvent: boolean): void {
    if (!this.#eventStream || this.#mode === "length") {
      this.#exchange.cut();
      return;
    }
    this.#write(this.#frame(midEvent ? [BLANK_LINES, event] : [event], true));
    this.#exchange.finish(this.#keepOpen);
  }

  /** The engine left behind the last event of a stream, without ending the framing: nothing is missing. */
  endWhole(): void {
    if (this.#mode === "length") {
      this.#exchange.cut();
      return;
    }
    if (this.#mode !== "bare") this.#write(Buffer.from(LAST_CHUNK));
    this.#exchange.finish(this.#keepOpen);
  }

  #build(head: AnswerHead, extra: string): string {
    const framed = this.#mode === "length" || this.#mode === "chunked";
    const drop = (1 << ANSWER_HOP) | (1 << ANSWER_CONNECTION) | (framed ? 0 : 1 << ANSWER_ENCODING);
    const framing = this.#mode === "rechunked" ? "transfer-encoding: chunked\r\n" : "";
    const connection = this.#keepOpen ? "" : "connection: close\r\n";
    const lines = head.fields.linesWithout(head.bytes, drop);
    return `HTTP/1.1 ${head.statusText}\r\n${lines}${framing}${extra}${connection}\r\n`;
  }

  /** `framed` with the head before it, where that has not left yet. */
  #takeHead(framed: Uint8Array): Uint8Array {
    const raw = this.#rawHead;
    const text = raw === undefined ? this.#builtHead : raw.bytes.toString("latin1", raw.start, raw.bodyStart);
    if (text === "") return framed;
    this.#builtHead = "";
    const out = Buffer.allocUnsafe(text.length + framed.length);
    out.set(framed, out.write(text, 0, "latin1"));
    return out;
  }

  #frame(payloads: readonly Uint8Array[], last: boolean): Uint8Array {
    return this.#mode === "bare" ? Buffer.concat(payloads) : encodeChunk(payloads, last);
  }

  #write(bytes: Uint8Array): boolean {
    return bytes.length === 0 || this.#exchange.write(bytes);
  }
}

function modeOf(framing: number, clientMinor: 0 | 1): Mode {
  if (framing === CHUNKED) return clientMinor === 1 ? "chunked" : "bare";
  if (framing === UNTIL_CLOSE) return clientMinor === 1 ? "rechunked" : "bare";
  return "length";
}
