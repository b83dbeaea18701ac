const utf8 = new TextEncoder();
const TWO_32 = 0x1_0000_0000;

/** Writes msgpack values, each in its shortest form, as msgspec does. */
export class MsgpackWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  /** `capacity`: bytes to begin with. */
  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** All that was written, as a copy of its exact length. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  nil(): void {
    this.#byte(0xc0);
  }

  array(length: number): void {
    if (length < 16) this.#byte(0x90 | length);
    else if (length < 0x1_0000) this.#short(0xdc, length);
    else this.#long(0xdd, length);
  }

  map(length: number): void {
    if (length < 16) this.#byte(0x80 | length);
    else if (length < 0x1_0000) this.#short(0xde, length);
    else this.#long(0xdf, length);
  }

  text(value: string): void {
    if (value.length >= 32 || !this.#shortAscii(value)) this.#longText(utf8.encode(value));
  }

  binary(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length < 0x100) this.#tiny(0xc4, length);
    else if (length < 0x1_0000) this.#short(0xc5, length);
    else this.#long(0xc6, length);
    this.raw(bytes);
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  float(value: number): void {
    this.#reserve(9);
    this.#bytes[this.#at] = 0xcb;
    this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  /** A safe integer. */
  integer(value: number): void {
    if (value < 0) this.#negative(value);
    else if (value < 0x80) this.#byte(value);
    else if (value < 0x100) this.#tiny(0xcc, value);
    else if (value < 0x1_0000) this.#short(0xcd, value);
    else if (value < TWO_32) this.#long(0xce, value);
    else this.#words(0xcf, value >>> 0, Math.floor(value / TWO_32));
  }

  /** An unsigned 64-bit integer from its words. */
  uint64(lo: number, hi: number): void {
    if (hi === 0) this.integer(lo);
    else this.#words(0xcf, lo, hi);
  }

  /** A bigint within 64 bits, signed or unsigned. */
  bigint(value: bigint): void {
    if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value < BigInt(TWO_32)) this.integer(Number(value));
    else {
      const bits = BigInt.asUintN(64, value);
      this.#words(value < 0n ? 0xd3 : 0xcf, Number(bits & 0xffff_ffffn), Number(bits >> 32n));
    }
  }

  /** An array of unsigned 32-bit integers. */
  uint32Array(values: Uint32Array): void {
    this.array(values.length);
    this.#reserve(values.length * 5);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value >= 0x1_0000) {
        bytes[at++] = 0xce;
        bytes[at++] = value >>> 24;
        bytes[at++] = value >>> 16;
        bytes[at++] = value >>> 8;
      } else if (value >= 0x100) {
        bytes[at++] = 0xcd;
        bytes[at++] = value >>> 8;
      } else if (value >= 0x80) bytes[at++] = 0xcc;
      bytes[at++] = value;
    }
    this.#at = at;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Texts of engines are short and plain: a loop is quicker than an encoder. Returns false, and writes nothing, for others. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[at + 1 + i] = code;
    }
    bytes[at] = 0xa0 | length;
    this.#at = at + 1 + length;
    return true;
  }

  #longText(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length < 32) this.#byte(0xa0 | length);
    else if (length < 0x100) this.#tiny(0xd9, length);
    else if (length < 0x1_0000) this.#short(0xda, length);
    else this.#long(0xdb, length);
    this.raw(bytes);
  }

  #negative(value: number): void {
    if (value >= -32) this.#byte(value & 0xff);
    else if (value >= -0x80) this.#tiny(0xd0, value);
    else if (value >= -0x8000) this.#short(0xd1, value);
    else if (value >= -0x8000_0000) this.#long(0xd2, value);
    else this.#words(0xd3, value >>> 0, Math.floor(value / TWO_32));
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  #tiny(type: number, value: number): void {
    this.#reserve(2);
    this.#bytes[this.#at++] = type;
    this.#bytes[this.#at++] = value;
  }

  #short(type: number, value: number): void {
    this.#reserve(3);
    this.#bytes[this.#at] = type;
    this.#view.setUint16(this.#at + 1, value);
    this.#at += 3;
  }

  #long(type: number, value: number): void {
    this.#reserve(5);
    this.#bytes[this.#at] = type;
    this.#view.setUint32(this.#at + 1, value);
    this.#at += 5;
  }

  #words(type: number, lo: number, hi: number): void {
    this.#reserve(9);
    this.#bytes[this.#at] = type;
    this.#view.setUint32(this.#at + 1, hi);
    this.#view.setUint32(this.#at + 5, lo);
    this.#at += 9;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
