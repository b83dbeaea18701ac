import {
  asBuffer,
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
import { endsTooEarly, invalidJson, unexpectedByte } from "./invalid";
import { StringScanner } from "./string-scanner";

/** Containers inside containers that a body may have; deeper ones are refused, so that no stack overflows. */
export const MAX_DEPTH = 512;

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
  private readonly strings: StringScanner;
  private isValid = false;

  constructor(bytes: Uint8Array) {
    this.bytes = asBuffer(bytes);
    this.end = bytes.length;
    this.strings = new StringScanner(this.bytes);
  }

  /** Says that the whole text was walked: from now on strings are found without checking them again. */
  trust(): void {
    this.isValid = true;
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
    return this.isValid ? this.strings.skipValid(at) : this.strings.skip(at);
  }

  /** Walks the array at `at`. `read` gets each item's offset and index, and returns the offset behind the item. */
  forEachItem(at: number, depth: number, read: (start: number, index: number) => number): number {
    let i = this.enter(at, depth);
    if (this.peek(i) === CLOSE_BRACKET) return i + 1;
    for (let index = 0; ; index++) {
      i = this.afterItem(read(i, index), CLOSE_BRACKET);
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
    return at >= this.end ? endsTooEarly() : unexpectedByte(at);
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
      i = this.skipSpace(this.skipPlainIntegers(i));
      i = this.afterItem(this.skipValue(i, depth), CLOSE_BRACKET);
      if (this.bytes[i - 1] === CLOSE_BRACKET) return i;
    }
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

  /** Over array items that are plain digits with their commas, as token ids are; stops where the next item begins. */
  private skipPlainIntegers(at: number): number {
    const { bytes, end } = this;
    let item = at;
    for (let i = at; i < end; ) {
      let byte = bytes[i]!;
      if (byte <= ZERO || byte > NINE) break;
      while (byte >= ZERO && byte <= NINE && ++i < end) byte = bytes[i]!;
      if (byte !== COMMA) break;
      i++;
      if (i < end && bytes[i] === SPACE) i++;
      item = i;
    }
    return item;
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
