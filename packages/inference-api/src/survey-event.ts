import { COLON, OPEN_BRACE, QUOTE, SPACE } from "./bytes";

/** The event holds a usage object. */
export const EVENT_TELLS_USAGE = 1;
/** The event holds a finish reason or an error. */
export const EVENT_TELLS_MORE = 2;

/** Ends of the names looked for, equally long and all ending in a quote. */
const PATTERNS = ['"usage"', '"error"', 'reason"'].map((text) => Buffer.from(text));
const PATTERN_BYTES = 7;
const [USAGE, ERROR, REASON] = PATTERNS as [Buffer, Buffer, Buffer];

/** By the byte at the end of a window: how far the window can move without passing over a pattern. */
const SHIFTS = shiftTable();

/**
 * Says what one event is worth parsing for, without parsing it: a search for three names at once (Horspool's, by common
 * shift table). A quote inside a JSON string is escaped, so a name between bare quotes is a key or a whole value.
 */
export function surveyEvent(bytes: Buffer, start: number, end: number): number {
  let tells = 0;
  for (let i = start + PATTERN_BYTES - 1; i < end; ) {
    const byte = bytes[i]!;
    if (byte === QUOTE) tells |= tellsAt(bytes, i);
    i += SHIFTS[byte]!;
  }
  return tells;
}

/** What the name that ends with the quote at `at` tells. */
function tellsAt(bytes: Buffer, at: number): number {
  const before = bytes[at - 1];
  if (before === 0x6e && endsWith(bytes, at, REASON) && isValueOf(bytes, at + 1, QUOTE)) return EVENT_TELLS_MORE;
  if (before === 0x65 && endsWith(bytes, at, USAGE) && isValueOf(bytes, at + 1, OPEN_BRACE)) return EVENT_TELLS_USAGE;
  if (before === 0x72 && endsWith(bytes, at, ERROR)) return EVENT_TELLS_MORE;
  return 0;
}

function endsWith(bytes: Buffer, at: number, pattern: Buffer): boolean {
  for (let i = 0; i < PATTERN_BYTES; i++) if (bytes[at - i] !== pattern[PATTERN_BYTES - 1 - i]) return false;
  return true;
}

/** True when a colon follows and a value that begins with `first`. */
function isValueOf(bytes: Buffer, at: number, first: number): boolean {
  const colon = skipSpace(bytes, at);
  return bytes[colon] === COLON && bytes[skipSpace(bytes, colon + 1)] === first;
}

function skipSpace(bytes: Buffer, at: number): number {
  let i = at;
  while (i < bytes.length && bytes[i]! <= SPACE) i++;
  return i;
}

function shiftTable(): Uint8Array {
  const shifts = new Uint8Array(256).fill(PATTERN_BYTES);
  for (const pattern of PATTERNS) {
    for (let i = 0; i < PATTERN_BYTES - 1; i++) {
      const byte = pattern[i]!;
      shifts[byte] = Math.min(shifts[byte]!, PATTERN_BYTES - 1 - i);
    }
  }
  return shifts;
}
