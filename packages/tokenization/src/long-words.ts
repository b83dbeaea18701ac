const LONG_WORD_BYTES = 256;

const SPACE = 1;
const MARK = 2;
const LETTER = 3;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** Class of each byte: white space, ASCII marks, and letters, digits and all that is not ASCII. */
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte <= 0x20) return SPACE;
  const isLetter = byte >= 0x80 || /[0-9A-Za-z]/.test(String.fromCharCode(byte));
  return isLetter ? LETTER : MARK;
});

/**
 * Bytes of a JSON text that stand in words of more than 256 bytes, a word being a run of one class. The library's merge
 * loop takes about 9 µs for each character of such words and cannot be interrupted; ordinary words take about 0.5 µs.
 */
export function longWordBytes(json: Uint8Array): number {
  let sum = 0;
  let current = 0;
  let start = 0;
  for (let at = 0; at < json.length; ) {
    const step = stepAt(json, at);
    const kind = step > 1 ? kindOfWide(json, at) : CLASSES[json[at]!]!;
    if (kind !== current) {
      if (at - start > LONG_WORD_BYTES) sum += at - start;
      current = kind;
      start = at;
    }
    at += step;
  }
  return json.length - start > LONG_WORD_BYTES ? sum + json.length - start : sum;
}

/** Bytes to take at once: a `\uXXXX` is one character, and so are the three bytes of East Asian punctuation. */
function stepAt(json: Uint8Array, at: number): number {
  const byte = json[at];
  if (byte === BACKSLASH && json[at + 1] === LETTER_U) return 6;
  return byte === 0xe3 || byte === 0xef ? 3 : 1;
}

/** U+3000 to U+303F and U+FF00 to U+FF7F are marks, in UTF-8 or as an escape; other wide characters are letters. */
function kindOfWide(json: Uint8Array, at: number): number {
  if (json[at] === BACKSLASH) {
    const page = String.fromCharCode(json[at + 2] ?? 0, json[at + 3] ?? 0).toLowerCase();
    return page === "30" || page === "ff" ? MARK : LETTER;
  }
  const second = json[at + 1]!;
  const isMark = json[at] === 0xe3 ? second === 0x80 : second === 0xbc || second === 0xbd;
  return isMark ? MARK : LETTER;
}
