import { equalsIgnoringCase } from "./name-table";
import { HttpRefusal } from "./refusal";

/** How a message's body ends. Non-negative numbers are a length in bytes. */
export type Framing = number;
/** The body is in chunks. */
export const CHUNKED: Framing = -1;
/** The body ends with the connection; answers only. */
export const UNTIL_CLOSE: Framing = -2;

/** A `content-length` value; anything but digits, and lengths beyond 2^53, are refused: proxies disagree on them. */
export function readContentLength(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) throw new HttpRefusal(400, "content-length is empty.");
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) throw new HttpRefusal(400, "content-length is not a number.");
    value = value * 10 + digit;
  }
  if (!Number.isSafeInteger(value)) throw new HttpRefusal(400, "content-length is out of range.");
  return value;
}

/** True when the value of a `transfer-encoding` field is exactly `chunked`. */
export function isChunked(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 7 && equalsIgnoringCase(bytes, start, "chunked");
}

/** The members of a comma-separated list in lower case, without empty ones. */
export function listMembers(value: string): string[] {
  return value
    .toLowerCase()
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
}
