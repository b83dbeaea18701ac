import { type ByteWriter, utf8Length } from "../byte-writer";
import type { VllmExtraKey } from "./extra-key";

/** Shortest head of RFC 8949, 3: major type and an argument below 2^53. */
export function writeCborHead(major: number, argument: number, into: ByteWriter): void {
  const [info, width] =
    argument < 24
      ? [argument, 0]
      : argument < 0x100
        ? [24, 1]
        : argument < 0x1_0000
          ? [25, 2]
          : argument < 0x1_0000_0000
            ? [26, 4]
            : [27, 8];
  into.u8((major << 5) | info);
  into.big(argument, width);
}

/** A text string. */
export function writeCborText(value: string, into: ByteWriter): void {
  writeCborHead(3, utf8Length(value), into);
  into.text(value);
}

/** Canonical CBOR of an extra key, as cbor2 writes it. */
export function writeCbor(value: VllmExtraKey, into: ByteWriter): void {
  if (typeof value === "string") {
    writeCborText(value, into);
  } else if (typeof value === "number") {
    writeCborHead(value < 0 ? 1 : 0, value < 0 ? -1 - value : value, into);
  } else if (value instanceof Uint8Array) {
    writeCborHead(2, value.length, into);
    into.raw(value);
  } else {
    writeCborHead(4, value.length, into);
    for (const item of value) writeCbor(item, into);
  }
}
