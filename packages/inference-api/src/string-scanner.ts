import { BACKSLASH, byteTable, QUOTE, SPACE } from "./bytes";
import { endsTooEarly, invalidJson, unexpectedByte } from "./invalid";

/** Below this length a plain loop is faster than setting up a view of words. */
const SHORT_BYTES = 64;
const NO_WORDS = new Int32Array(0);

/** The next quote or backslash is looked for in JavaScript over this many bytes, then by native search. */
const NEAR_BYTES = 64;

/** Length of an escape sequence by the byte after the backslash; 0 where there is none such. */
const ESCAPE_BYTES = byteTable([
  ['"\\/bfnrt', 2],
  ["u", 6],
]);
const IS_HEX = byteTable([["0123456789abcdefABCDEF", 1]]);

/** Finds where JSON strings end, four bytes at a time; text without escapes by native search. */
export class StringScanner {
  private readonly bytes: Buffer;
  private readonly end: number;
  private readonly words: Int32Array;
  /** Bytes before the first byte in its aligned word. */
  private readonly shift: number;
  /** False when no byte of the text is below 0x20: then no string can hold one, and none has to be checked. */
  private readonly hasControl: boolean;
  /** The first quote and the first backslash at or after `searchedFrom`; `end` where there is none, -1 before a search. */
  private quote = -1;
  private backslash = -1;
  private searchedFrom = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.end = bytes.length;
    this.shift = bytes.byteOffset & 3;
    this.words =
      bytes.length < SHORT_BYTES
        ? NO_WORDS
        : new Int32Array(bytes.buffer, bytes.byteOffset - this.shift, (this.shift + bytes.length) >> 2);
    this.hasControl = this.hasControlByte(0, this.end);
  }

  /** From the opening quote at `at` to behind the closing one. */
  skip(at: number): number {
    const { bytes, end, words, shift } = this;
    let i = at + 1;
    for (;;) {
      const last = Math.min((i + shift + NEAR_BYTES) >> 2, words.length);
      let w = (i + shift) >> 2;
      if (w < last) {
        // The first word may begin before `i`: its mask has to be exact, since the lower bytes are cut off it.
        let found = specialExactly(words[w]!) & (-1 << (((i + shift) & 3) << 3));
        while (found === 0 && ++w < last) found = special(words[w]!);
        i = (w << 2) - shift;
        if (found !== 0) i += (31 - Math.clz32(found & -found)) >> 3;
        else if (w < words.length) i = this.findFar(i);
      }
      while (i < end && bytes[i] !== QUOTE && bytes[i] !== BACKSLASH) i++;
      if (i >= end) throw endsTooEarly();
      if (bytes[i] === QUOTE) break;
      i = this.skipEscapes(i);
    }
    if (this.hasControl && this.hasControlByte(at + 1, i)) {
      throw invalidJson(`a control character in the string at offset ${at}`);
    }
    return i + 1;
  }

  /** `skip` for strings that are known to be valid: the first quote behind an even number of backslashes. */
  skipValid(at: number): number {
    const { bytes } = this;
    for (let from = at + 1; ; ) {
      const quote = bytes.indexOf(QUOTE, from);
      let before = quote - 1;
      while (bytes[before] === BACKSLASH) before--;
      if (((quote - before) & 1) === 1) return quote + 1;
      from = quote + 1;
    }
  }

  /** Escapes come in rows (escaped CJK text). */
  private skipEscapes(at: number): number {
    const { bytes, end } = this;
    let i = at;
    do {
      const length = i + 1 < end ? ESCAPE_BYTES[bytes[i + 1]!]! : 2;
      if (length === 2) i += 2;
      else i = this.skipUnicodeEscape(i, length);
    } while (i < end && bytes[i] === BACKSLASH);
    return i;
  }

  private skipUnicodeEscape(at: number, length: number): number {
    if (length === 0) throw unexpectedByte(at + 1);
    if (at + length > this.end) throw endsTooEarly();
    for (let i = at + 2; i < at + length; i++) if (IS_HEX[this.bytes[i]!] === 0) throw unexpectedByte(i);
    return at + length;
  }

  /** Found positions are kept, so that no stretch of a long string is searched twice. */
  private findFar(at: number): number {
    if (at < this.searchedFrom) {
      this.quote = -1;
      this.backslash = -1;
    }
    this.searchedFrom = at;
    if (this.quote < at) this.quote = this.search(QUOTE, at);
    if (this.backslash < at) this.backslash = this.search(BACKSLASH, at);
    return Math.min(this.quote, this.backslash);
  }

  private search(byte: number, at: number): number {
    const found = this.bytes.indexOf(byte, at);
    return found < 0 ? this.end : found;
  }

  private hasControlByte(start: number, end: number): boolean {
    const { bytes, shift } = this;
    const first = (start + shift + 3) >> 2;
    const last = Math.min((end + shift) >> 2, this.words.length);
    if (first >= last) return hasControlByte(bytes, start, end);
    return (
      hasControlByte(bytes, start, (first << 2) - shift) ||
      hasControlWord(this.words, first, last) ||
      hasControlByte(bytes, (last << 2) - shift, end)
    );
  }
}

/** Top bits of the bytes that are a quote or a backslash; bytes above the lowest such one may be marked wrongly. */
function special(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  return (((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080;
}

function specialExactly(word: number): number {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const low = 0x7f7f7f7f;
  return ~(((quote & low) + low) | quote | low) | ~(((backslash & low) + low) | backslash | low);
}

/** A word holds a byte below 0x20 where (x - 0x20…) & ~x has a byte's top bit set. */
function hasControlWord(words: Int32Array, first: number, last: number): boolean {
  let found = 0;
  let i = first;
  for (; i + 3 < last; i += 4) {
    const a = words[i]!;
    const b = words[i + 1]!;
    const c = words[i + 2]!;
    const d = words[i + 3]!;
    found |= ((a - 0x20202020) & ~a) | ((b - 0x20202020) & ~b) | ((c - 0x20202020) & ~c) | ((d - 0x20202020) & ~d);
  }
  for (; i < last; i++) found |= (words[i]! - 0x20202020) & ~words[i]!;
  return (found & 0x80808080) !== 0;
}

function hasControlByte(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! < SPACE) return true;
  return false;
}
