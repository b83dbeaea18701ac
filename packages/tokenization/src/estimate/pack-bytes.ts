const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  8: "\\b",
  9: "\\t",
  10: "\\n",
  12: "\\f",
  13: "\\r",
  34: '\\"',
  92: "\\\\",
};

/** Packs bytes into ids, four to one, the first one lowest; the last id is padded with zeros. */
export function packBytes(parts: readonly Uint8Array[]): Uint32Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const ids = new Uint32Array(Math.ceil(length / 4));
  const bytes = new Uint8Array(ids.buffer);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return ids;
}

/**
 * The bytes of a stretch of JSON with each `\uXXXX` as the character itself, or as the short escape that JSON needs
 * there. Without such an escape the bytes are returned as they are, uncopied.
 */
export function withoutUnicodeEscapes(json: Uint8Array): Uint8Array {
  const buffer = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  let at = nextUnicodeEscape(buffer, 0);
  if (at < 0) return json;
  // A decoded escape is never longer than the escape, but for one that is cut off at the end.
  const out = Buffer.allocUnsafe(buffer.length + 6);
  let length = 0;
  let copied = 0;
  while (at >= 0) {
    const { text, end } = readEscape(buffer, at);
    length += buffer.copy(out, length, copied, at);
    length += out.write(text, length, "utf8");
    copied = end;
    at = nextUnicodeEscape(buffer, end);
  }
  length += buffer.copy(out, length, copied);
  return out.subarray(0, length);
}

function nextUnicodeEscape(buffer: Buffer, from: number): number {
  let at = buffer.indexOf(BACKSLASH, from);
  while (at >= 0 && buffer[at + 1] !== LETTER_U) at = buffer.indexOf(BACKSLASH, at + 2);
  return at;
}

function readEscape(buffer: Buffer, at: number): { text: string; end: number } {
  const unit = hexAt(buffer, at + 2);
  const isHigh = unit >= 0xd800 && unit < 0xdc00;
  const low = isHigh && buffer[at + 6] === BACKSLASH && buffer[at + 7] === LETTER_U ? hexAt(buffer, at + 8) : 0;
  if (low >= 0xdc00 && low < 0xe000) return { text: String.fromCharCode(unit, low), end: at + 12 };
  return { text: character(unit), end: Math.min(at + 6, buffer.length) };
}

function hexAt(buffer: Buffer, at: number): number {
  return Number.parseInt(buffer.toString("latin1", at, at + 4), 16) || 0;
}

function character(unit: number): string {
  const short = SHORT_ESCAPES[unit];
  if (short !== undefined) return short;
  const mustEscape = unit < 0x20 || (unit >= 0xd800 && unit < 0xe000);
  return mustEscape ? `\\u${unit.toString(16).padStart(4, "0")}` : String.fromCharCode(unit);
}
