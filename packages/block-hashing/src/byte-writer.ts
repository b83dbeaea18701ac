const UTF8 = new TextEncoder();

/** Bytes that grow at the end. Reused from call to call; `length` says how many are valid. */
export class ByteWriter {
  bytes = new Uint8Array(256);
  length = 0;

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + more, 2 * this.bytes.length));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** The low `width` bytes of an integer below 2^53, least significant first. */
  little(value: number, width: number): void {
    this.reserve(width);
    let rest = value;
    for (let i = 0; i < width; i++) {
      this.bytes[this.length++] = rest & 0xff;
      rest = Math.floor(rest / 256);
    }
  }

  /** Like `little`, most significant byte first. */
  big(value: number, width: number): void {
    this.little(value, width);
    this.bytes.subarray(this.length - width, this.length).reverse();
  }

  raw(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /** Writes UTF-8 and returns its length in bytes. */
  text(value: string): number {
    this.reserve(3 * value.length);
    const { written } = UTF8.encodeInto(value, this.bytes.subarray(this.length));
    this.length += written;
    return written;
  }

  /** The valid bytes, not copied. */
  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }
}

/** Length of `value` in UTF-8. */
export function utf8Length(value: string): number {
  return Buffer.byteLength(value, "utf8");
}
