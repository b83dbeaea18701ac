import { HttpRefusal } from "./refusal";

const CR = 0x0d;
const LF = 0x0a;
const SEMICOLON = 0x3b;

/** Trailers and chunk extensions of one message, in bytes; more is refused. */
const MAX_EXTRA_BYTES = 8192;
/** Hexadecimal digits of a chunk size; 2^48 bytes is more than any body here. */
const MAX_SIZE_DIGITS = 12;

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER_START = 6;
const TRAILER = 7;
const TRAILER_LF = 8;
const END_LF = 9;
const DONE = 10;

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Takes chunked framing (RFC 9112, 7.1) apart, fed with any cut of it. Strict: CRLF only. */
export class ChunkedDecoder {
  /** Payload slices of the last `push`, views into its bytes. */
  readonly payloads: Uint8Array[] = [];
  /** True when an extension or a trailer was seen in the last `push`. */
  sawExtra = false;
  #state = SIZE;
  #size = 0;
  #digits = 0;
  #extraBytes = 0;

  /** The last chunk and its trailers are through. */
  get done(): boolean {
    return this.#state === DONE;
  }

  /** The next byte starts a chunk, or nothing at all follows. */
  get atBoundary(): boolean {
    return this.#state === DONE || (this.#state === SIZE && this.#digits === 0);
  }

  /** Starts on a new message. */
  reset(): void {
    this.#state = SIZE;
    this.#size = 0;
    this.#digits = 0;
    this.#extraBytes = 0;
    this.payloads.length = 0;
  }

  /** Decodes `bytes` from `from` on; returns the offset behind the message, or the length of `bytes` when it goes on. */
  push(bytes: Uint8Array, from: number): number {
    this.payloads.length = 0;
    this.sawExtra = false;
    let at = from;
    while (at < bytes.length && this.#state !== DONE) {
      if (this.#state === DATA) at = this.#data(bytes, at);
      else this.#step(bytes[at++] ?? 0);
    }
    return at;
  }

  #data(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#size);
    this.payloads.push(bytes.subarray(at, end));
    this.#size -= end - at;
    if (this.#size === 0) this.#state = DATA_CR;
    return end;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case SIZE:
        this.#sizeByte(byte);
        return;
      case EXTENSION:
        this.#extra();
        if (byte === LF) throw malformed();
        if (byte === CR) this.#state = SIZE_LF;
        return;
      case SIZE_LF:
        this.#expect(byte, LF, this.#size === 0 ? TRAILER_START : DATA);
        return;
      case DATA_CR:
        this.#expect(byte, CR, DATA_LF);
        return;
      case DATA_LF:
        this.#expect(byte, LF, SIZE);
        this.#digits = 0;
        return;
      default:
        this.#trailerByte(byte);
    }
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (this.#digits === 0) this.#size = 0;
      if (++this.#digits > MAX_SIZE_DIGITS) throw malformed();
      this.#size = this.#size * 16 + digit;
    } else if (this.#digits > 0 && byte === CR) this.#state = SIZE_LF;
    else if (this.#digits > 0 && byte === SEMICOLON) this.#state = EXTENSION;
    else throw malformed();
  }

  #trailerByte(byte: number): void {
    switch (this.#state) {
      case TRAILER_START:
        if (byte === CR) this.#state = END_LF;
        else {
          this.#extra();
          this.#state = TRAILER;
        }
        return;
      case TRAILER:
        this.#extra();
        if (byte === LF) throw malformed();
        if (byte === CR) this.#state = TRAILER_LF;
        return;
      case TRAILER_LF:
        this.#expect(byte, LF, TRAILER_START);
        return;
      default:
        this.#expect(byte, LF, DONE);
    }
  }

  #extra(): void {
    this.sawExtra = true;
    if (++this.#extraBytes > MAX_EXTRA_BYTES) throw new HttpRefusal(431, "Chunk extensions or trailers are too long.");
  }

  #expect(byte: number, wanted: number, next: number): void {
    if (byte !== wanted) throw malformed();
    this.#state = next;
  }
}

function malformed(): HttpRefusal {
  return new HttpRefusal(400, "The chunked body is malformed.");
}

/** The end of a chunked body without trailers. */
export const LAST_CHUNK: Uint8Array = Buffer.from("0\r\n\r\n", "latin1");

/** One chunk around `payloads`, with the end behind it when `last`. */
export function encodeChunk(payloads: readonly Uint8Array[], last: boolean): Buffer {
  let length = 0;
  for (const payload of payloads) length += payload.length;
  const head = length === 0 ? "" : `${length.toString(16)}\r\n`;
  const out = Buffer.allocUnsafe(head.length + (length === 0 ? 0 : length + 2) + (last ? LAST_CHUNK.length : 0));
  let at = out.write(head, 0, "latin1");
  for (const payload of payloads) {
    out.set(payload, at);
    at += payload.length;
  }
  if (length > 0) at += out.write("\r\n", at, "latin1");
  if (last) out.set(LAST_CHUNK, at);
  return out;
}
