import { NINE, ZERO } from "./bytes";
import { invalidField } from "./invalid";
import type { JsonScanner } from "./json-scanner";

const MAX_TOKEN_ID = 0xffffffff;

/** Decodes an array of token ids whose opening bracket is at `at`. Throws `invalid_request` for anything else in it. */
export function readTokenIds(scanner: JsonScanner, at: number, end: number, param: string): Uint32Array {
  const ids = new Uint32Array(countCommas(scanner.bytes, at, end) + 1);
  let count = 0;
  scanner.forEachItem(at, 1, (start) => {
    const stop = scanner.skipValue(start, 1);
    ids[count++] = readTokenId(scanner.bytes, start, stop, param);
    return stop;
  });
  return count === ids.length ? ids : ids.slice(0, count);
}

function readTokenId(bytes: Buffer, start: number, end: number, param: string): number {
  let value = 0;
  let i = start;
  for (; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < ZERO || byte > NINE) break;
    value = value * 10 + byte - ZERO;
  }
  // `1.0` and `1e3` are integers to the engines.
  if (i < end) value = bytes[start] === 0x22 ? -1 : Number(bytes.toString("latin1", start, end));
  if (!Number.isInteger(value) || value < 0 || value > MAX_TOKEN_ID) {
    throw invalidField(param, "a string, an array of strings, or token ids from 0 to 4294967295");
  }
  return value;
}

function countCommas(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (bytes[i] === 0x2c) count++;
  return count;
}
