import { BACKSLASH, QUOTE, SPACE } from "./bytes";

/** What the byte after a backslash stands for, by that byte. */
const SIMPLE_ESCAPES: Readonly<Record<number, number>> = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 };
const REPLACEMENT = 0xfffd;

/** Bytes copied one by one before a native copy pays. */
const SHORT_RUN_BYTES = 24;

/** Writes decoded JSON into a buffer that is large enough: decoding never lengthens. */
export class TextDecoderSink {
  length = 0;
  readonly target: Buffer;

  constructor(maxBytes: number) {
    this.target = Buffer.allocUnsafe(maxBytes);
  }

  /** What was written so far, as a view. */
  bytes(): Uint8Array {
    return this.target.subarray(0, this.length);
  }

  copy(source: Buffer, start: number, end: number): void {
    if (end - start > SHORT_RUN_BYTES) source.copy(this.target, this.length, start, end);
    else for (let i = start; i < end; i++) this.target[this.length + i - start] = source[i]!;
    this.length += end - start;
  }

  /** The inside of a valid JSON string, with its escapes decoded to UTF-8; a lone surrogate becomes U+FFFD. */
  text(source: Buffer, start: number, end: number): void {
    let i = start;
    for (;;) {
      const found = source[i] === BACKSLASH ? i : source.indexOf(BACKSLASH, i);
      const stop = found < 0 || found > end ? end : found;
      this.copy(source, i, stop);
      if (stop >= end) return;
      i = this.escape(source, stop, end);
    }
  }

  /**
   * Valid JSON without the white space between its tokens, and with every escape decoded but those of quote and backslash,
   * so that equal values written by different clients give equal bytes (key order and number forms apart).
   */
  json(source: Buffer, start: number, end: number): void {
    let inside = false;
    for (let i = start; i < end; ) {
      const byte = source[i]!;
      if (inside && byte === BACKSLASH) {
        i = this.jsonEscape(source, i, end);
        continue;
      }
      if (byte === QUOTE) inside = !inside;
      if (inside || byte > SPACE) this.target[this.length++] = byte;
      i++;
    }
  }

  private jsonEscape(source: Buffer, at: number, end: number): number {
    const mark = this.length;
    const next = this.escape(source, at, end);
    const byte = this.target[mark];
    if (byte !== QUOTE && byte !== BACKSLASH) return next;
    this.target[mark] = BACKSLASH;
    this.target[mark + 1] = byte;
    this.length = mark + 2;
    return next;
  }

  private escape(source: Buffer, at: number, end: number): number {
    const kind = source[at + 1]!;
    if (kind !== 0x75) {
      this.target[this.length++] = SIMPLE_ESCAPES[kind] ?? kind;
      return at + 2;
    }
    const unit = hexUnit(source, at);
    if (unit < 0xd800 || unit > 0xdfff) {
      this.codePoint(unit);
      return at + 6;
    }
    const low = unit < 0xdc00 && at + 12 <= end && isUnicodeEscape(source, at + 6) ? hexUnit(source, at + 6) : 0;
    const isPair = low >= 0xdc00 && low <= 0xdfff;
    this.codePoint(isPair ? 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00) : REPLACEMENT);
    return isPair ? at + 12 : at + 6;
  }

  private codePoint(point: number): void {
    const { target } = this;
    if (point < 0x80) target[this.length++] = point;
    else {
      if (point < 0x800) target[this.length++] = 0xc0 | (point >> 6);
      else {
        if (point < 0x10000) target[this.length++] = 0xe0 | (point >> 12);
        else {
          target[this.length++] = 0xf0 | (point >> 18);
          target[this.length++] = 0x80 | ((point >> 12) & 0x3f);
        }
        target[this.length++] = 0x80 | ((point >> 6) & 0x3f);
      }
      target[this.length++] = 0x80 | (point & 0x3f);
    }
  }
}

function isUnicodeEscape(source: Buffer, at: number): boolean {
  return source[at] === BACKSLASH && source[at + 1] === 0x75;
}

/** The UTF-16 unit of the `\uXXXX` at `at`. */
function hexUnit(source: Buffer, at: number): number {
  let unit = 0;
  for (let i = at + 2; i < at + 6; i++) {
    const byte = source[i]!;
    unit = (unit << 4) | (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return unit;
}
