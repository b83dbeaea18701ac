import {
  asBuffer,
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  CR,
  DOT,
  LF,
  MINUS,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  TAB,
  ZERO,
} from "./bytes";
import { hasControlByte } from "./control-bytes";
import { invalidJson } from "./invalid";

/** Containers inside containers that a body may have; deeper ones are refused, so that no stack overflows. */
export const MAX_DEPTH = 512;

/** Strings up to this length are looked at byte by byte; longer ones by native search. */
const NEAR_BYTES = 16;

/** Length of an escape sequence by the byte after the backslash; 0 where there is none such. */
const ESCAPE_BYTES = byteTable([
  ['"\\/bfnrt', 2],
  ["u", 6],
]);
const IS_HEX = byteTable([["0123456789abcdefABCDEF", 1]]);

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");

/**
 * Walks JSON (RFC 8259) in UTF-8 bytes without decoding it. Every method takes the offset of a token, returns the offset
 * behind it and throws `invalid_json` where the grammar is broken.
 */
export class JsonScanner {
  readonly bytes: Buffer;
  readonly end: number;
  /** False when no byte of the text is below 0x20: then no string can hold one, and none has to be checked. */
  private readonly hasControl: boolean;
  /** The first backslash at or after `backslashFrom`; `end` where there is none. */
  private backslash = -1;
  private backslashFrom = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = asBuffer(bytes);
    this.end = bytes.length;
    this.hasControl = hasControlByte(this.bytes, 0, this.end);
  }

  /** The byte at `at`, or -1 behind the end. */
  peek(at: number): number {
    return at < this.end ? this.bytes[at]! : -1;
  }

  skipSpace(at: number): number {
    const { bytes, end } = this;
    let i = at;
    while (i < end) {
      const byte = bytes[i]!;
      if (byte !== SPACE && byte !== LF && byte !== CR && byte !== TAB) break;
      i++;
    }
    return i;
  }

  /** `depth` is the number of containers around the value. */
  skipValue(at: number, depth: number): number {
    switch (this.peek(at)) {
      case QUOTE:
        return this.skipString(at);
      case OPEN_BRACE:
        return this.skipObject(at, depth + 1);
      case OPEN_BRACKET:
        return this.skipArray(at, depth + 1);
      case 0x74:
        return this.skipWord(at, TRUE);
      case 0x66:
        return this.skipWord(at, FALSE);
      case 0x6e:
        return this.skipWord(at, NULL);
      default:
        return this.skipNumber(at);
    }
  }

  /** `at` is the opening quote. */
  skipString(at: number): number {
    const { bytes } = this;
    const near = Math.min(at + 1 + NEAR_BYTES, this.end);
    for (let i = at + 1; i < near; i++) {
      const byte = bytes[i]!;
      if (byte === QUOTE) return i + 1;
      if (byte === BACKSLASH || byte < SPACE) break;
    }
    return this.skipLongString(at + 1);
  }

  /** The opening brace or bracket's partner ends the container; `visit` sees each element's start and end. */
  forEachElement(at: number, depth: number, visit: (start: number, end: number, index: number) => void): number {
    let i = this.enter(at, depth);
    if (this.peek(i) === CLOSE_BRACKET) return i + 1;
    for (let index = 0; ; index++) {
      const start = i;
      i = this.skipValue(i, depth);
      visit(start, i, index);
      i = this.afterItem(i, CLOSE_BRACKET);
      if (this.bytes[i - 1] === CLOSE_BRACKET) return i;
      i = this.skipSpace(i);
    }
  }

  /** Offset of the first token inside a container. */
  enter(at: number, depth: number): number {
    if (depth > MAX_DEPTH) throw invalidJson(`it is nested deeper than ${MAX_DEPTH}`);
    return this.skipSpace(at + 1);
  }

  /** From a key's end to its value's start. */
  skipColon(at: number): number {
    const colon = this.peek(at) === COLON ? at : this.skipSpace(at);
    if (this.peek(colon) !== COLON) throw this.unexpected(colon);
    const next = colon + 1;
    return this.peek(next) > SPACE ? next : this.skipSpace(next);
  }

  /** From an item's end to behind the comma or the closing byte that follows it. */
  afterItem(at: number, close: number): number {
    let i = at;
    let byte = this.peek(i);
    if (byte <= SPACE) {
      i = this.skipSpace(i);
      byte = this.peek(i);
    }
    if (byte !== COMMA && byte !== close) throw this.unexpected(i);
    return i + 1;
  }

  unexpected(at: number): Error {
    return invalidJson(at >= this.end ? "it ends too early" : `unexpected byte at offset ${at}`);
  }

  private skipObject(at: number, depth: number): number {
    let i = this.enter(at, depth);
    if (this.peek(i) === CLOSE_BRACE) return i + 1;
    for (;;) {
      if (this.peek(i) !== QUOTE) throw this.unexpected(i);
      i = this.skipValue(this.skipColon(this.skipString(i)), depth);
      i = this.afterItem(i, CLOSE_BRACE);
      if (this.bytes[i - 1] === CLOSE_BRACE) return i;
      i = this.skipSpace(i);
    }
  }

  private skipArray(at: number, depth: number): number {
    let i = this.enter(at, depth);
    if (this.peek(i) === CLOSE_BRACKET) return i + 1;
    for (;;) {
      i = this.afterItem(this.skipValue(i, depth), CLOSE_BRACKET);
      if (this.bytes[i - 1] === CLOSE_BRACKET) return i;
      i = this.skipSpace(i);
    }
  }

  private skipLongString(start: number): number {
    let i = start;
    for (;;) {
      const quote = this.bytes.indexOf(QUOTE, i);
      if (quote < 0) throw this.unexpected(this.end);
      i = this.skipEscapes(i, quote);
      if (i > quote) continue;
      if (this.hasControl && hasControlByte(this.bytes, start, quote)) {
        throw invalidJson(`a control character in the string at offset ${start - 1}`);
      }
      return quote + 1;
    }
  }

  /** Checks all escapes before `quote`; returns an offset behind it when the quote itself is escaped. */
  private skipEscapes(from: number, quote: number): number {
    let i = from;
    while (i < quote) {
      i = this.nextBackslash(i);
      if (i >= quote) return quote;
      // Escapes come in rows (escaped CJK text): the next one is tried before searching.
      do i = this.skipEscape(i);
      while (i < quote && this.bytes[i] === BACKSLASH);
    }
    return i;
  }

  private nextBackslash(at: number): number {
    if (at < this.backslashFrom || at > this.backslash) {
      const found = this.bytes.indexOf(BACKSLASH, at);
      this.backslash = found < 0 ? this.end : found;
      this.backslashFrom = at;
    }
    return this.backslash;
  }

  private skipEscape(at: number): number {
    const length = ESCAPE_BYTES[this.peek(at + 1)] ?? 0;
    const end = at + length;
    if (length === 0 || end > this.end) throw this.unexpected(at + 1);
    for (let i = at + 2; i < end; i++) if (IS_HEX[this.bytes[i]!] === 0) throw this.unexpected(i);
    return end;
  }

  private skipWord(at: number, word: Buffer): number {
    for (let i = 0; i < word.length; i++) if (this.peek(at + i) !== word[i]) throw this.unexpected(at + i);
    return at + word.length;
  }

  private skipNumber(at: number): number {
    let i = this.peek(at) === MINUS ? at + 1 : at;
    i = this.peek(i) === ZERO ? i + 1 : this.skipDigits(i);
    if (this.peek(i) === DOT) i = this.skipDigits(i + 1);
    if ((this.peek(i) | SPACE) === 0x65) {
      const sign = this.peek(i + 1);
      i = this.skipDigits(sign === MINUS || sign === 0x2b ? i + 2 : i + 1);
    }
    return i;
  }

  /** One digit at least. */
  private skipDigits(at: number): number {
    const { bytes, end } = this;
    let i = at;
    while (i < end && bytes[i]! >= ZERO && bytes[i]! <= NINE) i++;
    if (i === at) throw this.unexpected(at);
    return i;
  }
}

function byteTable(entries: readonly (readonly [characters: string, value: number])[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const [characters, value] of entries) for (const byte of Buffer.from(characters)) table[byte] = value;
  return table;
}
