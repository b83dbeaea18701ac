import { foldName, type NameTable } from "./name-table";
import { HttpRefusal } from "./refusal";

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;

/** More header lines than this are refused with 431. */
const MAX_FIELDS = 200;

/** 1 = may stand in a name or method, 2 = may stand in a value. */
const CLASS = buildClasses();

function buildClasses(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) if (byte === TAB || (byte >= SPACE && byte !== 0x7f)) table[byte] = 2;
  const token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (let i = 0; i < token.length; i++) table[token.charCodeAt(i)] = 3;
  return table;
}

/** True for the bytes of RFC 9110's `token`. */
export function isTokenByte(byte: number): boolean {
  return ((CLASS[byte] ?? 0) & 1) !== 0;
}

/**
 * Header lines of one message as offsets into its bytes; reused from message to message of one connection.
 * Strict as RFC 9112 asks of a server: CRLF ends, no space before the colon, no folded lines, no control bytes.
 */
export class FieldScan {
  /** Valid fields. */
  count = 0;
  /** By field: where its line starts (the name), where its value starts and ends, where its line ends. */
  readonly offsets = new Int32Array(4 * MAX_FIELDS);
  /** By field: its kind in the table, 0 for names that mean nothing here. */
  readonly kinds = new Uint8Array(MAX_FIELDS);
  readonly #table: NameTable;

  constructor(table: NameTable) {
    this.#table = table;
  }

  /** Reads the lines in `bytes[from, to)`; `to` is where the empty line begins. */
  scan(bytes: Uint8Array, from: number, to: number): void {
    this.count = 0;
    let at = from;
    while (at < to) at = this.#line(bytes, at);
    if (at !== to) throw new HttpRefusal(400, "A header line is malformed.");
  }

  #line(bytes: Uint8Array, start: number): number {
    if (this.count === MAX_FIELDS) throw new HttpRefusal(431, `More than ${MAX_FIELDS} header lines.`);
    let at = start;
    let hash = 0;
    let byte = bytes[at] ?? 0;
    while (((CLASS[byte] ?? 0) & 1) !== 0) {
      hash = foldName(hash, byte);
      byte = bytes[++at] ?? 0;
    }
    if (byte !== COLON || at === start) throw new HttpRefusal(400, "A header name is malformed.");
    const nameEnd = at++;
    while (bytes[at] === SPACE || bytes[at] === TAB) at++;
    const valueStart = at;
    while (((CLASS[bytes[at] ?? 0] ?? 0) & 2) !== 0) at++;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new HttpRefusal(400, "A header value is malformed.");
    this.#add(start, valueStart, at, this.#table.find(bytes, start, nameEnd, hash), bytes);
    return at + 2;
  }

  #add(start: number, valueStart: number, end: number, kind: number, bytes: Uint8Array): void {
    let valueEnd = end;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB)) valueEnd--;
    const base = 4 * this.count;
    this.offsets[base] = start;
    this.offsets[base + 1] = valueStart;
    this.offsets[base + 2] = valueEnd;
    this.offsets[base + 3] = end + 2;
    this.kinds[this.count++] = kind;
  }

  /** Index of the only field of this kind, -1 when there is none, -2 when there are several. */
  only(kind: number): number {
    let found = -1;
    for (let i = 0; i < this.count; i++) {
      if (this.kinds[i] !== kind) continue;
      if (found >= 0) return -2;
      found = i;
    }
    return found;
  }

  /** Value of field `i`, without the white space around it. */
  value(bytes: Buffer, i: number): string {
    return bytes.toString("latin1", this.offsets[4 * i + 1] ?? 0, this.offsets[4 * i + 2] ?? 0);
  }

  /** Name of field `i` as it was sent. */
  name(bytes: Buffer, i: number): string {
    const start = this.offsets[4 * i] ?? 0;
    return bytes.toString("latin1", start, bytes.indexOf(COLON, start));
  }

  /** All lines but those whose kind is in `drop` (bit `kind`), in order, byte for byte, each with its CRLF. */
  linesWithout(bytes: Buffer, drop: number): string {
    let out = "";
    let runStart = -1;
    let runEnd = 0;
    for (let i = 0; i < this.count; i++) {
      if (((drop >>> (this.kinds[i] ?? 0)) & 1) !== 0) {
        if (runStart >= 0) out += bytes.toString("latin1", runStart, runEnd);
        runStart = -1;
        continue;
      }
      if (runStart < 0) runStart = this.offsets[4 * i] ?? 0;
      runEnd = this.offsets[4 * i + 3] ?? 0;
    }
    return runStart < 0 ? out : out + bytes.toString("latin1", runStart, runEnd);
  }
}
