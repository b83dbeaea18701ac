import { INVALID_BYTE, OUT_OF_RANGE, TRUNCATED, WRONG_TYPE } from "./failure";
import { KnownTexts } from "./known-texts";

const TWO_32 = 0x1_0000_0000;
const utf8 = new TextDecoder();
/** Values that engines repeat in every event. */
const COMMON = [
  "",
  "GPU",
  "CPU",
  "STORAGE",
  "CPU_TIER1",
  "CPU_TIER2",
  "LOCAL",
  "REMOTE",
  "full_attention",
  "mla_attention",
  "sliding_window",
];
const commonTexts = new KnownTexts(COMMON);

/** Reads msgpack values from bytes, within their bounds. Every method throws a `DecodeFailure` and allocates no more than the input is long. */
export class MsgpackReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  /** Offset of the next value. */
  at = 0;
  /** For a 64-bit value that is looked at once. */
  readonly words = new Uint32Array(2);
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    // A plain view keeps the hot loops monomorphic where a Buffer is passed.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
  }

  /** First byte of the next value, which stays unread. */
  peek(): number {
    if (this.at >= this.end) throw TRUNCATED;
    return this.bytes[this.at]!;
  }

  /** Reads a nil where there is one. */
  readNil(): boolean {
    if (this.peek() !== 0xc0) return false;
    this.at++;
    return true;
  }

  isArray(): boolean {
    const type = this.peek();
    return (type & 0xf0) === 0x90 || type === 0xdc || type === 0xdd;
  }

  isMap(): boolean {
    const type = this.peek();
    return (type & 0xf0) === 0x80 || type === 0xde || type === 0xdf;
  }

  isBinary(): boolean {
    const type = this.peek();
    return type >= 0xc4 && type <= 0xc6;
  }

  #isText(): boolean {
    const type = this.peek();
    return (type & 0xe0) === 0xa0 || (type >= 0xd9 && type <= 0xdb);
  }

  /** Number of elements that follow. */
  readArrayLength(): number {
    const type = this.peek();
    let length: number;
    if ((type & 0xf0) === 0x90) {
      this.at++;
      length = type & 0x0f;
    } else if (type === 0xdc) length = this.#lengthAt(2);
    else if (type === 0xdd) length = this.#lengthAt(4);
    else throw WRONG_TYPE;
    // An element takes a byte at least: what promises more is cut off, and nothing is allocated for it.
    if (length > this.end - this.at) throw TRUNCATED;
    return length;
  }

  /** Number of key-value pairs that follow. */
  readMapLength(): number {
    const type = this.peek();
    let length: number;
    if ((type & 0xf0) === 0x80) {
      this.at++;
      length = type & 0x0f;
    } else if (type === 0xde) length = this.#lengthAt(2);
    else if (type === 0xdf) length = this.#lengthAt(4);
    else throw WRONG_TYPE;
    if (length * 2 > this.end - this.at) throw TRUNCATED;
    return length;
  }

  /** Byte length of the binary or, with `text`, string value whose bytes follow. */
  readBytesLength(text: boolean): number {
    const type = this.peek();
    let length: number;
    if (text && (type & 0xe0) === 0xa0) {
      this.at++;
      length = type & 0x1f;
    } else {
      const width = type - (text ? 0xd9 : 0xc4);
      if (width < 0 || width > 2) throw WRONG_TYPE;
      length = this.#lengthAt(1 << width);
    }
    if (length > this.end - this.at) throw TRUNCATED;
    return length;
  }

  /** The bytes of a binary value, as a view. */
  readBinary(): Uint8Array {
    const length = this.readBytesLength(false);
    const start = this.at;
    this.at += length;
    return this.bytes.subarray(start, this.at);
  }

  readText(): string {
    const length = this.readBytesLength(true);
    const start = this.at;
    this.at += length;
    const common = commonTexts.find(this.bytes, start, this.at);
    return common >= 0 ? COMMON[common]! : utf8.decode(this.bytes.subarray(start, this.at));
  }

  /** Which of `texts` the next value is, as a string or as binary; -1 where it is none of them. */
  readKnownText(texts: KnownTexts): number {
    const binary = this.isBinary();
    if (!binary && !this.#isText()) {
      this.skip();
      return -1;
    }
    const length = this.readBytesLength(!binary);
    const start = this.at;
    this.at += length;
    return texts.find(this.bytes, start, this.at);
  }

  /** An integer of any width; beyond 2^53 the nearest number. */
  readInteger(): number {
    const type = this.peek();
    if (type < 0x80) return this.bytes[this.at++]!;
    if (type >= 0xe0) return this.bytes[this.at++]! - 0x100;
    if (type < 0xcc || type > 0xd3) throw WRONG_TYPE;
    const at = this.#payload(1 << (type & 3));
    switch (type) {
      case 0xcc:
        return this.bytes[at]!;
      case 0xcd:
        return this.#view.getUint16(at);
      case 0xce:
        return this.#view.getUint32(at);
      case 0xcf:
        return this.#view.getUint32(at) * TWO_32 + this.#view.getUint32(at + 4);
      case 0xd0:
        return this.#view.getInt8(at);
      case 0xd1:
        return this.#view.getInt16(at);
      case 0xd2:
        return this.#view.getInt32(at);
      default:
        return this.#view.getInt32(at) * TWO_32 + this.#view.getUint32(at + 4);
    }
  }

  /** An integer of at least 0 that a number holds exactly. */
  readCount(): number {
    const value = this.readInteger();
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) throw OUT_OF_RANGE;
    return value;
  }

  /** An integer as 64 bits (negative ones in two's complement): low word to `into[index]`, high word after it. */
  readInteger64(into: Uint32Array, index: number): void {
    const type = this.peek();
    if (type === 0xcf || type === 0xd3) {
      const at = this.#payload(8);
      into[index] = this.#view.getUint32(at + 4);
      into[index + 1] = this.#view.getUint32(at);
      return;
    }
    const value = this.readInteger();
    into[index] = value;
    into[index + 1] = value < 0 ? 0xffff_ffff : 0;
  }

  /** A float or an integer. */
  readNumber(): number {
    const type = this.peek();
    if (type === 0xcb) return this.#view.getFloat64(this.#payload(8));
    if (type === 0xca) return this.#view.getFloat32(this.#payload(4));
    return this.readInteger();
  }

  /** An array of integers, each cut to its low 32 bits. */
  readUint32Array(): Uint32Array {
    const length = this.readArrayLength();
    const values = new Uint32Array(length);
    const { bytes } = this;
    // Where this many bytes are left, no value of the widths below can be cut off.
    const safeEnd = this.end - 5;
    for (let i = 0; i < length; i++) {
      const at = this.at;
      const type = at <= safeEnd ? bytes[at]! : 0xff;
      if (type < 0x80) {
        values[i] = type;
        this.at = at + 1;
      } else if (type === 0xcd) {
        values[i] = (bytes[at + 1]! << 8) | bytes[at + 2]!;
        this.at = at + 3;
      } else if (type === 0xce) {
        values[i] = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
        this.at = at + 5;
      } else values[i] = this.#readLowWord();
    }
    return values;
  }

  /** Passes over one value of any kind and depth, without recursion. */
  skip(): void {
    let pending = 1;
    while (pending > 0) {
      pending += this.#skipHead() - 1;
      if (pending > this.end - this.at) throw TRUNCATED;
    }
  }

  /** Passes over a scalar, or over the head of an array or map; returns the number of values inside. */
  #skipHead(): number {
    const type = this.peek();
    if (type < 0x80 || type >= 0xe0) return this.#pass(1);
    if (type < 0x90) return this.readMapLength() * 2;
    if (type < 0xa0) return this.readArrayLength();
    if (type < 0xc0) return this.#pass(1 + (type & 0x1f));
    if (type === 0xc1) throw INVALID_BYTE;
    if (type <= 0xc3) return this.#pass(1);
    if (type <= 0xc6) return this.#pass(this.readBytesLength(false));
    if (type <= 0xc9) return this.#pass(this.#lengthAt(1 << (type - 0xc7)) + 1);
    if (type <= 0xcb) return this.#pass(type === 0xca ? 5 : 9);
    if (type <= 0xd3) return this.#pass(1 + (1 << (type & 3)));
    if (type <= 0xd8) return this.#pass(2 + (1 << (type - 0xd4)));
    if (type <= 0xdb) return this.#pass(this.readBytesLength(true));
    return type <= 0xdd ? this.readArrayLength() : this.readMapLength() * 2;
  }

  #pass(length: number): 0 {
    if (length > this.end - this.at) throw TRUNCATED;
    this.at += length;
    return 0;
  }

  #readLowWord(): number {
    if (this.peek() !== 0xcf && this.peek() !== 0xd3) return this.readInteger();
    return this.#view.getUint32(this.#payload(8) + 4);
  }

  /** Passes over a type byte and `width` bytes; returns where the latter begin. */
  #payload(width: number): number {
    const at = this.at + 1;
    if (width > this.end - at) throw TRUNCATED;
    this.at = at + width;
    return at;
  }

  #lengthAt(width: number): number {
    const at = this.#payload(width);
    if (width === 1) return this.bytes[at]!;
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }
}
