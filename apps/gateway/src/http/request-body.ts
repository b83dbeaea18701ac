import { ChunkedDecoder } from "./chunked";
import { CHUNKED, type Framing } from "./framing";
import { HttpRefusal } from "./refusal";

/** Bodies up to this size get their memory at once; longer ones as they arrive, so that a length alone costs nothing. */
const EAGER_BYTES = 1 << 20;
const EMPTY = Buffer.alloc(0);

/** Collects one request body. */
export class RequestBody {
  #framing: Framing = 0;
  #maxBytes = 0;
  #filled = 0;
  #whole: Buffer = EMPTY;
  readonly #parts: Uint8Array[] = [];
  readonly #decoder = new ChunkedDecoder();

  /** Starts on a body framed as `framing`. Throws a refusal with 413 when its length is over `maxBytes`. */
  start(framing: Framing, maxBytes: number): void {
    if (framing > maxBytes) throw tooLarge(maxBytes);
    this.#framing = framing;
    this.#maxBytes = maxBytes;
    this.#filled = 0;
    this.#whole = EMPTY;
    this.#parts.length = 0;
    this.#decoder.reset();
  }

  /** True when every byte is here. */
  get complete(): boolean {
    return this.#framing === CHUNKED ? this.#decoder.done : this.#filled === this.#framing;
  }

  /** Takes what belongs to the body from `bytes[from, …)`; returns the offset of what does not. */
  push(bytes: Buffer, from: number): number {
    if (this.#framing === CHUNKED) return this.#pushChunked(bytes, from);
    const end = Math.min(bytes.length, from + this.#framing - this.#filled);
    this.#add(bytes, from, end);
    return end;
  }

  /** The whole body; a view into what arrived where it came in one piece. */
  take(): Buffer {
    const { length } = this.#parts;
    const first = this.#parts[0];
    const body =
      length === 0
        ? this.#whole
        : length === 1 && first !== undefined
          ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
          : Buffer.concat(this.#parts, this.#filled);
    this.#parts.length = 0;
    this.#whole = EMPTY;
    return body;
  }

  #add(bytes: Buffer, from: number, end: number): void {
    const whole = this.#filled === 0 && end - from === this.#framing;
    if (whole || this.#framing > EAGER_BYTES) this.#parts.push(bytes.subarray(from, end));
    else {
      if (this.#whole.length === 0) this.#whole = Buffer.allocUnsafe(this.#framing);
      bytes.copy(this.#whole, this.#filled, from, end);
    }
    this.#filled += end - from;
  }

  #pushChunked(bytes: Buffer, from: number): number {
    const end = this.#decoder.push(bytes, from);
    const { payloads } = this.#decoder;
    const length = payloads.reduce((sum, payload) => sum + payload.length, 0);
    this.#filled += length;
    if (this.#filled > this.#maxBytes) throw tooLarge(this.#maxBytes);
    // One part a read, however small its chunks are: views would cost more memory than the bytes that the limit counts.
    const [only] = payloads;
    if (payloads.length === 1 && only) this.#parts.push(only);
    else if (length > 0) this.#parts.push(Buffer.concat(payloads, length));
    return end;
  }
}

function tooLarge(maxBytes: number): HttpRefusal {
  return new HttpRefusal(413, `The body is longer than ${maxBytes} bytes, the limit here.`);
}
