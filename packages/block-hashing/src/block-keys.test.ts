import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appendWords,
  blockKeysToBigInts,
  createBlockKeys,
  joinWords,
  reserveBlockKeys,
  splitWords,
} from "./block-keys";

describe("createBlockKeys", () => {
  it("is empty and has the room it was asked for", () => {
    const keys = createBlockKeys(3, 16);
    expect(keys).toMatchObject({ count: 0, blockSizeTokens: 16 });
    expect(keys.words.length).toBe(6);
  });
});

describe("appendWords", () => {
  it("keeps what is there when it has to grow", () => {
    const keys = createBlockKeys(1, 1);
    appendWords(keys, Uint32Array.of(1, 2), 0, 1);
    appendWords(keys, Uint32Array.of(9, 9, 3, 4, 5, 6), 2, 2);
    expect(blockKeysToBigInts(keys)).toEqual([0x2_0000_0001n, 0x4_0000_0003n, 0x6_0000_0005n]);
  });

  it("copies short and long runs alike", () => {
    fc.assert(
      fc.property(fc.nat(80), fc.nat(3), (count, at) => {
        const source = Uint32Array.from({ length: at + 2 * count }, (_, i) => i * 7);
        const keys = createBlockKeys(0, 1);
        appendWords(keys, source, at, count);
        expect([...keys.words.subarray(0, 2 * count)]).toEqual([...source.subarray(at)]);
        expect(keys.count).toBe(count);
      }),
    );
  });
});

describe("reserveBlockKeys", () => {
  it("at least doubles and never shrinks", () => {
    const keys = createBlockKeys(10, 1);
    reserveBlockKeys(keys, 11);
    expect(keys.words.length).toBe(40);
    reserveBlockKeys(keys, 5);
    expect(keys.words.length).toBe(40);
  });
});

describe("splitWords", () => {
  it("is undone by joinWords", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const { lo, hi } = splitWords(value);
        expect(joinWords(lo, hi)).toBe(value);
      }),
    );
  });
});
