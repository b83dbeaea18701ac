import { FieldScan, isTokenByte } from "./field-scan";
import { CHUNKED, type Framing, isChunked, listMembers, readContentLength } from "./framing";
import { HttpRefusal } from "./refusal";
import {
  REQUEST_CONNECTION,
  REQUEST_ENCODING,
  REQUEST_EXPECT,
  REQUEST_FIELDS,
  REQUEST_HOP,
  REQUEST_HOST,
  REQUEST_LENGTH,
} from "./request-fields";

const SPACE = 0x20;
const SLASH = 0x2f;
const EMPTY = Buffer.alloc(0);

/** The head of one request; read anew for each request of a connection. */
export class RequestHead {
  method = "";
  /** Origin form: path and query. */
  target = "";
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  minor: 0 | 1 = 1;
  /** `CHUNKED` or the body's length; 0 for none. */
  framing: Framing = 0;
  /** The client takes more than one answer on this connection. */
  persistent = true;
  /** The client waits for `100 Continue` before it sends the body. */
  expectsContinue = false;
  /** The bytes that `fields` points into. */
  bytes: Buffer = EMPTY;
  readonly fields = new FieldScan(REQUEST_FIELDS);

  /** Reads the head in `bytes[from, end)`; `end` is where the empty line begins. Throws `HttpRefusal`. */
  read(bytes: Buffer, from: number, end: number): void {
    this.bytes = bytes;
    this.fields.scan(bytes, this.#requestLine(bytes, from, end), end);
    this.#readHost();
    this.framing = this.#readFraming();
    this.expectsContinue = this.#readExpect();
    this.persistent = this.#readConnection();
  }

  /** Value of the only field of `kind`; undefined when absent or repeated. */
  value(kind: number): string | undefined {
    const at = this.fields.only(kind);
    return at < 0 ? undefined : this.fields.value(this.bytes, at);
  }

  #requestLine(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (isTokenByte(bytes[at] ?? 0)) at++;
    if (at === from || bytes[at] !== SPACE) throw new HttpRefusal(400, "The request line is malformed.");
    this.method = bytes.toString("latin1", from, at);
    const targetStart = ++at;
    while (at < end && (bytes[at] ?? 0) > SPACE && (bytes[at] ?? 0) < 0x7f) at++;
    if (at === targetStart || bytes[at] !== SPACE) throw new HttpRefusal(400, "The request target is malformed.");
    this.target = originForm(bytes, targetStart, at);
    this.minor = readVersion(bytes, at + 1);
    if (bytes[at + 9] !== 0x0d || bytes[at + 10] !== 0x0a) throw new HttpRefusal(400, "The request line is malformed.");
    return at + 11;
  }

  #readHost(): void {
    const at = this.fields.only(REQUEST_HOST);
    if (at === -2 || (at === -1 && this.minor === 1)) throw new HttpRefusal(400, "Exactly one host header is needed.");
  }

  #readFraming(): Framing {
    const length = this.fields.only(REQUEST_LENGTH);
    const encoding = this.fields.only(REQUEST_ENCODING);
    if (length === -1 && encoding === -1) return 0;
    if (length !== -1 && encoding !== -1) {
      throw new HttpRefusal(400, "content-length and transfer-encoding exclude each other.");
    }
    if (length === -2) throw new HttpRefusal(400, "content-length is repeated.");
    const { offsets } = this.fields;
    const field = 4 * Math.max(length, encoding);
    const start = offsets[field + 1] ?? 0;
    const valueEnd = offsets[field + 2] ?? 0;
    if (length >= 0) return readContentLength(this.bytes, start, valueEnd);
    if (this.minor === 0) throw new HttpRefusal(400, "HTTP/1.0 has no transfer-encoding.");
    if (encoding === -2 || !isChunked(this.bytes, start, valueEnd)) {
      throw new HttpRefusal(501, "Of the transfer encodings only chunked is understood.");
    }
    return CHUNKED;
  }

  #readExpect(): boolean {
    const at = this.fields.only(REQUEST_EXPECT);
    if (at === -1) return false;
    if (at === -2 || this.fields.value(this.bytes, at).toLowerCase() !== "100-continue") {
      throw new HttpRefusal(417, "Only 100-continue can be expected.");
    }
    return this.minor === 1;
  }

  /** Also marks the fields that `connection` names as belonging to this hop. */
  #readConnection(): boolean {
    const { fields } = this;
    // HTTP/1.0 connections end with their answer: no client of today needs more.
    let persistent = this.minor === 1;
    for (let i = 0; i < fields.count; i++) {
      if (fields.kinds[i] !== REQUEST_CONNECTION) continue;
      for (const member of listMembers(fields.value(this.bytes, i))) {
        if (member === "close") persistent = false;
        else if (member !== "keep-alive") this.#markHop(member);
      }
    }
    return persistent;
  }

  #markHop(name: string): void {
    const { fields } = this;
    for (let i = 0; i < fields.count; i++) {
      if (fields.kinds[i] === 0 && fields.name(this.bytes, i).toLowerCase() === name) fields.kinds[i] = REQUEST_HOP;
    }
  }
}

/** Absolute form (`http://host/path`), which servers must take, becomes origin form. */
function originForm(bytes: Buffer, start: number, end: number): string {
  const target = bytes.toString("latin1", start, end);
  if (bytes[start] === SLASH) return target;
  const match = /^https?:\/\/[^/?#]+(\/[^#]*)?$/i.exec(target);
  if (match !== null) return match[1] ?? "/";
  if (target === "*") return target;
  throw new HttpRefusal(400, "The request target is malformed.");
}

function readVersion(bytes: Buffer, at: number): 0 | 1 {
  if (bytes.toString("latin1", at, at + 7) !== "HTTP/1.")
    throw new HttpRefusal(505, "Only HTTP/1.1 and HTTP/1.0 are spoken.");
  const minor = (bytes[at + 7] ?? 0) - 0x30;
  if (minor !== 0 && minor !== 1) throw new HttpRefusal(505, "Only HTTP/1.1 and HTTP/1.0 are spoken.");
  return minor;
}
