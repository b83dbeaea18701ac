import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixture, toHex } from "../fixtures/fixture";
import { createKernel } from "./kernel";
import { HEAP, SLOT } from "./layout";

interface Vectors {
  readonly lengths: readonly number[];
  readonly digests: Readonly<Record<string, readonly string[]>>;
  readonly totals: Readonly<Record<string, string>>;
}

const vectors = fixture<Vectors>("xxhash");
const kernel = createKernel();
const { run } = kernel;
const message = Uint8Array.from({ length: 6000 }, (_, i) => i * 197 + (i >> 8) * 31 + 11);

const hex64 = (value: bigint): string => BigInt.asUintN(64, value).toString(16).padStart(16, "0");

function xxh128(length: number): string {
  run.xxh3_128(HEAP, length, SLOT);
  return toHex(kernel.u8.subarray(SLOT, SLOT + 16));
}

const functions: Readonly<Record<string, (length: number) => string>> = {
  "xxh3_64 seed 0": (length) => hex64(run.xxh3_64(HEAP, length, 0n)),
  "xxh3_64 seed 1337": (length) => hex64(run.xxh3_64(HEAP, length, 1337n)),
  "xxh3_64 seed 9e3779b97f4a7c15": (length) => hex64(run.xxh3_64(HEAP, length, 0x9e3779b97f4a7c15n)),
  xxh3_128: xxh128,
  xxh64: (length) => hex64(run.xxh64(HEAP, length)),
};

describe.each(Object.keys(functions))("%s", (name) => {
  it("gives the recorded digests", () => {
    kernel.u8.set(message, HEAP);
    expect(vectors.lengths.map((length) => functions[name]!(length))).toEqual(vectors.digests[name]);
  });

  it("agrees with the recorded sum over every length below 1300", () => {
    kernel.u8.set(message, HEAP);
    let total = 0n;
    for (let length = 0; length < 1300; length++) total = total * 3n + BigInt(`0x${functions[name]!(length)}`);
    expect(hex64(total)).toBe(vectors.totals[name]);
  });
});

describe("sha256", () => {
  const digest = (bytes: Uint8Array): string => {
    kernel.reserve(HEAP + bytes.length + 128);
    kernel.u8.fill(0xff, HEAP);
    kernel.u8.set(bytes, HEAP);
    run.sha256(HEAP, bytes.length, SLOT);
    return toHex(kernel.u8.subarray(SLOT, SLOT + 32));
  };
  const expected = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

  it("agrees with OpenSSL for every length around the block borders", () => {
    for (let length = 0; length < 300; length++) {
      const bytes = message.subarray(0, length);
      expect(digest(bytes)).toBe(expected(bytes));
    }
  });

  it("agrees with OpenSSL for any bytes, whatever lies behind them in memory", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(digest(bytes)).toBe(expected(bytes));
      }),
    );
  });
});

describe("fnv1a64", () => {
  it.each([
    ["", "cbf29ce484222325"],
    ["a", "af63dc4c8601ec8c"],
    ["foobar", "85944171f73967e8"],
    ["hello", "a430d84680aabd0b"],
  ])("of %j is %s", (text, expected) => {
    kernel.u8.set(new TextEncoder().encode(text), HEAP);
    expect(hex64(run.fnv1a64(HEAP, text.length))).toBe(expected);
  });
});

describe("reserve", () => {
  it("grows the memory and keeps its content", () => {
    const own = createKernel();
    own.u8[HEAP] = 77;
    own.reserve(300_000);
    expect(own.u8.length).toBeGreaterThanOrEqual(300_000);
    expect(own.u32.length).toBe(own.u8.length / 4);
    expect(own.u8[HEAP]).toBe(77);
  });
});
