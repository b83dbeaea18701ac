import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flatten, signed, unsigned } from "./code";

describe("unsigned", () => {
  it("writes the examples of the LEB128 definition", () => {
    expect(unsigned(0)).toEqual([0]);
    expect(unsigned(127)).toEqual([127]);
    expect(unsigned(128)).toEqual([0x80, 1]);
    expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]);
    expect(unsigned(2 ** 32 - 1)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
  });
});

describe("signed", () => {
  it("reads back as the value, in the fewest bytes", () => {
    const read = (bytes: readonly number[]): bigint => {
      const raw = bytes.reduce((sum, byte, i) => sum | (BigInt(byte & 0x7f) << BigInt(7 * i)), 0n);
      return BigInt.asIntN(7 * bytes.length, raw);
    };
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes = signed(value);
        expect(read(bytes)).toBe(value);
        const shorter = BigInt(7 * (bytes.length - 1));
        if (bytes.length > 1) expect(BigInt.asIntN(Number(shorter), value)).not.toBe(value);
      }),
    );
    expect(signed(-123456n)).toEqual([0xc0, 0xbb, 0x78]);
  });
});

describe("flatten", () => {
  it("keeps the order of nested code", () => {
    const bytes: number[] = [];
    flatten([1, [2, [3, [], 4]], 5], bytes);
    expect(bytes).toEqual([1, 2, 3, 4, 5]);
  });
});
