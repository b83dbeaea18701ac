import { BACKSLASH, byteTable, QUOTE, SPACE } from "./bytes";

/** What the byte after a backslash stands for, by that byte; 0 for `u`, which begins four digits. */
const SIMPLE_ESCAPES = byteTable([
  ['"', QUOTE],
  ["\\", BACKSLASH],
  ["/", 0x2f],
  ["b", 0x08],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
]);
const LOWER_U = 0x75;
const REPLACEMENT = 0xfffd;

/** Bytes copied one by one before a native copy pays. */
const SHORT_RUN_BYTES = 48;

/**
 * Decodes the inside of a valid JSON string, `source[start, end)`, to UTF-8 at `target[at]`; a lone surrogate becomes U+FFFD.
 * Returns the offset behind what was written. Decoding never lengthens.
 */
export function decodeText(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  let out = at;
  for (let i = start; i < end; ) {
    const near = Math.min(i + SHORT_RUN_BYTES, end);
    while (i < near && source[i] !== BACKSLASH) target[out++] = source[i++]!;
    if (i === near) {
      const stop = findBackslash(source, i, end);
      out += source.copy(target, out, i, stop);
      i = stop;
      continue;
    }
    const byte = SIMPLE_ESCAPES[source[i + 1]!]!;
    if (byte !== 0) {
      target[out++] = byte;
      i += 2;
    } else {
      out = writeEscape(source, i, end, target, out);
      i += escapeLength(source, i, end);
    }
  }
  return out;
}

function findBackslash(source: Buffer, start: number, end: number): number {
  if (start === end || source[start] === BACKSLASH) return start;
  const found = source.indexOf(BACKSLASH, start);
  return found < 0 || found > end ? end : found;
}

/**
 * Writes valid JSON without the white space between its tokens, and with every escape decoded but those of quote and
 * backslash, so that equal values written by different clients give equal bytes (key order and number forms apart).
 * Returns the offset behind what was written.
 */
export function compactJson(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  let out = at;
  let isInside = false;
  for (let i = start; i < end; ) {
    const byte = source[i]!;
    if (isInside && byte === BACKSLASH) {
      out = writeJsonEscape(source, i, end, target, out);
      i += escapeLength(source, i, end);
      continue;
    }
    if (byte === QUOTE) isInside = !isInside;
    if (isInside || byte > SPACE) target[out++] = byte;
    i++;
  }
  return out;
}

function writeJsonEscape(source: Buffer, at: number, end: number, target: Buffer, out: number): number {
  const next = writeEscape(source, at, end, target, out);
  const byte = target[out]!;
  if (byte !== QUOTE && byte !== BACKSLASH) return next;
  target[out] = BACKSLASH;
  target[out + 1] = byte;
  return out + 2;
}

function writeEscape(source: Buffer, at: number, end: number, target: Buffer, out: number): number {
  const byte = SIMPLE_ESCAPES[source[at + 1]!]!;
  if (byte === 0) return writeCodePoint(codePointAt(source, at, end), target, out);
  target[out] = byte;
  return out + 1;
}

function escapeLength(source: Buffer, at: number, end: number): number {
  if (source[at + 1] !== LOWER_U) return 2;
  return codePointAt(source, at, end) > 0xffff ? 12 : 6;
}

/** Of the `\uXXXX` at `at`, with the one after it where the two are a surrogate pair. */
function codePointAt(source: Buffer, at: number, end: number): number {
  const unit = hexUnit(source, at);
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  const hasNext = at + 12 <= end && source[at + 6] === BACKSLASH && source[at + 7] === LOWER_U;
  const low = unit < 0xdc00 && hasNext ? hexUnit(source, at + 6) : 0;
  if (low < 0xdc00 || low > 0xdfff) return REPLACEMENT;
  return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

function hexUnit(source: Buffer, at: number): number {
  let unit = 0;
  for (let i = at + 2; i < at + 6; i++) {
    const byte = source[i]!;
    unit = (unit << 4) | (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return unit;
}

function writeCodePoint(point: number, target: Buffer, at: number): number {
  let out = at;
  if (point < 0x80) target[out++] = point;
  else if (point < 0x800) target[out++] = 0xc0 | (point >> 6);
  else if (point < 0x10000) target[out++] = 0xe0 | (point >> 12);
  else target[out++] = 0xf0 | (point >> 18);
  if (point >= 0x10000) target[out++] = 0x80 | ((point >> 12) & 0x3f);
  if (point >= 0x800) target[out++] = 0x80 | ((point >> 6) & 0x3f);
  if (point >= 0x80) target[out++] = 0x80 | (point & 0x3f);
  return out;
}
