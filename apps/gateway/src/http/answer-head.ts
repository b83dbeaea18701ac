import { FieldScan } from "./field-scan";
import { CHUNKED, type Framing, isChunked, listMembers, readContentLength, UNTIL_CLOSE } from "./framing";
import { NameTable } from "./name-table";
import { HttpRefusal } from "./refusal";

/** Kinds of answer headers; each fits a bit of a drop mask. */
export const ANSWER_HOP = 1;
export const ANSWER_CONNECTION = 2;
export const ANSWER_LENGTH = 3;
export const ANSWER_ENCODING = 4;
export const ANSWER_TYPE = 5;

const ANSWER_FIELDS = new NameTable({
  connection: ANSWER_CONNECTION,
  "keep-alive": ANSWER_HOP,
  "proxy-connection": ANSWER_HOP,
  "proxy-authenticate": ANSWER_HOP,
  te: ANSWER_HOP,
  upgrade: ANSWER_HOP,
  "content-length": ANSWER_LENGTH,
  "transfer-encoding": ANSWER_ENCODING,
  "content-type": ANSWER_TYPE,
});

const EMPTY = Buffer.alloc(0);
const SPACE = 0x20;

/** The head of one answer; read anew for each answer of a connection. */
export class AnswerHead {
  status = 0;
  /** Status code and reason as sent, `200 OK`. */
  statusText = "";
  minor: 0 | 1 = 1;
  framing: Framing = 0;
  /** The engine keeps the connection open behind this answer. */
  persistent = true;
  /** The head holds nothing that belongs to its hop alone: its bytes can be passed on as they are. */
  endToEnd = true;
  bytes: Buffer = EMPTY;
  /** Where the head starts in `bytes`, and where the body does. */
  start = 0;
  bodyStart = 0;
  readonly fields = new FieldScan(ANSWER_FIELDS);

  /** Reads the head in `bytes[from, end)`; `end` is where the empty line begins. Throws `HttpRefusal` on a malformed one. */
  read(bytes: Buffer, from: number, end: number): void {
    this.bytes = bytes;
    this.start = from;
    this.bodyStart = end + 2;
    this.fields.scan(bytes, this.#statusLine(bytes, from, end), end);
    this.endToEnd = this.minor === 1;
    this.persistent = this.#readConnection();
    this.framing = this.#readFraming();
    if (this.framing === UNTIL_CLOSE) this.persistent = this.endToEnd = false;
  }

  /** True for `text/event-stream`. */
  get isEventStream(): boolean {
    const at = this.fields.only(ANSWER_TYPE);
    return at >= 0 && this.fields.value(this.bytes, at).toLowerCase().startsWith("text/event-stream");
  }

  #statusLine(bytes: Buffer, from: number, end: number): number {
    const lineEnd = bytes.indexOf("\r\n", from, "latin1");
    const minor = (bytes[from + 7] ?? 0) - 0x30;
    const wellFormed =
      lineEnd <= end && bytes.toString("latin1", from, from + 7) === "HTTP/1." && (minor === 0 || minor === 1);
    if (!wellFormed || bytes[from + 8] !== SPACE) throw new HttpRefusal(400, "The status line is malformed.");
    this.minor = minor === 0 ? 0 : 1;
    this.statusText = bytes.toString("latin1", from + 9, lineEnd);
    if (!/^[1-5]\d\d( |$)/.test(this.statusText)) throw new HttpRefusal(400, "The status line is malformed.");
    this.status = Number(this.statusText.slice(0, 3));
    return lineEnd + 2;
  }

  #readConnection(): boolean {
    const { fields } = this;
    let persistent = this.minor === 1;
    for (let i = 0; i < fields.count; i++) {
      const kind = fields.kinds[i];
      if (kind === ANSWER_HOP) this.endToEnd = false;
      if (kind !== ANSWER_CONNECTION) continue;
      this.endToEnd = false;
      for (const member of listMembers(fields.value(this.bytes, i))) {
        if (member === "close") persistent = false;
        else if (member === "keep-alive") persistent = true;
        else this.#markHop(member);
      }
    }
    return persistent;
  }

  #markHop(name: string): void {
    const { fields } = this;
    for (let i = 0; i < fields.count; i++) {
      if (fields.kinds[i] === 0 && fields.name(this.bytes, i).toLowerCase() === name) fields.kinds[i] = ANSWER_HOP;
    }
  }

  #readFraming(): Framing {
    const length = this.fields.only(ANSWER_LENGTH);
    const encoding = this.fields.only(ANSWER_ENCODING);
    if (this.status === 204 || this.status === 304 || this.status < 200) return 0;
    if (length === -1 && encoding === -1) return UNTIL_CLOSE;
    if (length === -2 || encoding === -2 || (length >= 0 && encoding >= 0)) {
      throw new HttpRefusal(400, "The answer's framing is ambiguous.");
    }
    const { offsets } = this.fields;
    const field = 4 * Math.max(length, encoding);
    const start = offsets[field + 1] ?? 0;
    const valueEnd = offsets[field + 2] ?? 0;
    if (length >= 0) return readContentLength(this.bytes, start, valueEnd);
    if (isChunked(this.bytes, start, valueEnd)) return CHUNKED;
    throw new HttpRefusal(400, "The answer's transfer encoding is not understood.");
  }
}
