import { SPACE } from "./bytes";

/** Below this length a plain loop is faster than setting up a view of words. */
const SHORT_BYTES = 64;

/**
 * True when a byte below 0x20 stands in `bytes[start, end)`.
 * Four bytes a step: (x - 0x20…) & ~x has the top bit of a byte set where one of the bytes is below 0x20.
 */
export function hasControlByte(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < SHORT_BYTES) return hasControlByteSlow(bytes, start, end);
  const shift = bytes.byteOffset & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset - shift, (shift + end) >> 2);
  const firstWord = (start + shift + 3) >> 2;
  if (hasControlByteSlow(bytes, start, (firstWord << 2) - shift)) return true;
  if (hasControlWord(words, firstWord)) return true;
  return hasControlByteSlow(bytes, (words.length << 2) - shift, end);
}

function hasControlWord(words: Int32Array, first: number): boolean {
  let found = 0;
  let i = first;
  for (; i + 3 < words.length; i += 4) {
    const a = words[i]!;
    const b = words[i + 1]!;
    const c = words[i + 2]!;
    const d = words[i + 3]!;
    found |= ((a - 0x20202020) & ~a) | ((b - 0x20202020) & ~b) | ((c - 0x20202020) & ~c) | ((d - 0x20202020) & ~d);
  }
  for (; i < words.length; i++) found |= (words[i]! - 0x20202020) & ~words[i]!;
  return (found & 0x80808080) !== 0;
}

function hasControlByteSlow(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! < SPACE) return true;
  return false;
}
