import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeSequence, END_OF_REPLAY, encodeSequence } from "./sequence";

describe("encodeSequence", () => {
  it("writes 8 bytes, big-endian, and decodeSequence reads them back", () => {
    expect(Array.from(encodeSequence(0x01_0203_0405))).toEqual([0, 0, 0, 1, 2, 3, 4, 5]);
    fc.assert(
      fc.property(fc.maxSafeNat(), (sequence) => {
        const bytes = encodeSequence(sequence);
        expect(new DataView(bytes.buffer).getBigUint64(0)).toBe(BigInt(sequence));
        expect(decodeSequence(bytes)).toBe(sequence);
      }),
    );
  });
});

describe("decodeSequence", () => {
  it("reads the first 8 bytes of a longer frame at any offset", () => {
    expect(decodeSequence(Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 1, 0, 7).subarray(1))).toBe(256);
  });

  it("refuses short frames and numbers that cannot be counted", () => {
    expect(decodeSequence(new Uint8Array(7))).toBeUndefined();
    expect(decodeSequence(END_OF_REPLAY as Uint8Array)).toBeUndefined();
    expect(decodeSequence(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0))).toBeUndefined();
  });
});
