import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeValue } from "../encode/write-value";
import { DecodeFailure } from "./failure";
import { readValue } from "./read-value";
import { MsgpackReader } from "./reader";
import { MsgpackWriter } from "./writer";

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: -1n });
const integer = fc.oneof(fc.integer({ min: -40, max: 300 }), fc.maxSafeInteger());
const scalar = fc.oneof(
  fc.constantFrom(null, true, false),
  integer,
  fc.double({ noNaN: true }).filter((value) => !Number.isInteger(value)),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof({ depthSize: "small" }, scalar, fc.array(tie("tree"), { maxLength: 20 })),
}));

function written(write: (writer: MsgpackWriter) => void): Uint8Array {
  const writer = new MsgpackWriter(1);
  write(writer);
  return writer.finish();
}

describe("readValue", () => {
  it("reads what an independent encoder wrote, to the last byte", () => {
    fc.assert(
      fc.property(tree, (value) => {
        const reader = new MsgpackReader(encode(value));
        expect(readValue(reader)).toEqual(value);
        expect(reader.at).toBe(reader.end);
      }),
    );
  });

  it("keeps 64-bit integers exact, as numbers where they fit", () => {
    fc.assert(
      fc.property(fc.oneof(uint64, int64), (value) => {
        const read = readValue(new MsgpackReader(encode(value, { useBigInt64: true })));
        expect(BigInt(read as bigint)).toBe(value);
        expect(typeof read).toBe(Number.isSafeInteger(Number(value)) ? "number" : "bigint");
      }),
    );
  });

  it("reads maps of any keys, and nothing reaches a prototype", () => {
    const bytes = Buffer.from("83a95f5f70726f746f5f5f8101020304c0a178", "hex");
    const map = readValue(new MsgpackReader(bytes)) as Map<unknown, unknown>;
    expect([...map.keys()]).toEqual(["__proto__", 3, null]);
  });

  it("passes over extension values", () => {
    for (const hex of ["d401ff", `d801${"00".repeat(16)}`, "c70301aabbcc", "c8000101aa", "c90000000101aa"]) {
      const reader = new MsgpackReader(Buffer.from(hex, "hex"));
      expect(readValue(reader)).toBeUndefined();
      expect(reader.at).toBe(reader.end);
    }
  });

  it("stops at a depth that no engine reaches", () => {
    const deep = Buffer.concat([Buffer.alloc(100_000, 0x91), Buffer.of(0xc0)]);
    expect(() => readValue(new MsgpackReader(deep))).toThrow("too_deep");
  });
});

describe("MsgpackReader.skip", () => {
  it("ends where the value ends, whatever it holds", () => {
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = encode([value, { key: value }, 7.5]);
        const reader = new MsgpackReader(bytes);
        reader.skip();
        expect(reader.at).toBe(bytes.length);
      }),
    );
  });

  it("needs no stack: 100,000 levels are passed over", () => {
    const reader = new MsgpackReader(Buffer.concat([Buffer.alloc(100_000, 0x91), Buffer.of(0xc0)]));
    reader.skip();
    expect(reader.at).toBe(reader.end);
  });

  it("finds every cut", () => {
    fc.assert(
      fc.property(tree, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (value, share) => {
        const bytes = encode([value, "end"]);
        const reader = new MsgpackReader(bytes.subarray(0, Math.floor(bytes.length * share)));
        expect(() => reader.skip()).toThrow(DecodeFailure);
      }),
    );
  });

  it("refuses lengths beyond the input before anything is allocated", () => {
    for (const hex of ["ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff01"]) {
      expect(() => new MsgpackReader(Buffer.from(hex, "hex")).skip()).toThrow("truncated");
    }
    expect(() => new MsgpackReader(Buffer.from("ddffffffff00", "hex")).readUint32Array()).toThrow("truncated");
  });

  it("refuses the byte that msgpack never uses", () => {
    expect(() => new MsgpackReader(Buffer.of(0x91, 0xc1)).skip()).toThrow("invalid_byte");
  });
});

describe("MsgpackReader.readUint32Array", () => {
  it("reads integers of every width, cut to 32 bits", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(integer.map(BigInt), uint64, int64), { maxLength: 40 }), (values) => {
        const bytes = encode(
          values.map((value) => (value > -(2n ** 31n) && value < 2n ** 32n ? Number(value) : value)),
          {
            useBigInt64: true,
          },
        );
        const read = new MsgpackReader(bytes).readUint32Array();
        expect(Array.from(read)).toEqual(values.map((value) => Number(BigInt.asUintN(32, value))));
      }),
    );
  });
});

describe("MsgpackWriter", () => {
  it("writes what an independent decoder reads, and as short as msgspec does", () => {
    fc.assert(
      fc.property(tree, (value) => {
        const bytes = written((writer) => writeValue(writer, value));
        expect(decode(bytes)).toEqual(value);
        expect(bytes).toEqual(encode(value));
      }),
    );
  });

  it("writes 64-bit integers in the shortest form", () => {
    fc.assert(
      fc.property(fc.oneof(uint64, int64, integer.map(BigInt)), (value) => {
        const bytes = written((writer) => writer.bigint(value));
        expect(BigInt(decode(bytes, { useBigInt64: true }) as bigint)).toBe(value);
        if (value >= 0n) {
          const split = written((writer) => writer.uint64(Number(value & 0xffff_ffffn), Number(value >> 32n)));
          expect(split).toEqual(bytes);
        }
      }),
    );
    expect(Buffer.from(written((writer) => writer.uint64(5, 0))).toString("hex")).toBe("05");
    expect(Buffer.from(written((writer) => writer.bigint(-1n))).toString("hex")).toBe("ff");
  });

  it("uses the long forms for long texts, bytes, arrays and maps", () => {
    const long = 70_000;
    const values = ["x".repeat(long), new Uint8Array(long), new Array<null>(long).fill(null)];
    for (const value of values) {
      expect(
        Buffer.compare(
          written((writer) => writeValue(writer, value)),
          encode(value),
        ),
      ).toBe(0);
    }
    const map = new Map(Array.from({ length: long }, (_, i) => [i, null] as const));
    const bytes = written((writer) => writeValue(writer, map));
    expect(bytes[0]).toBe(0xdf);
    expect((readValue(new MsgpackReader(bytes)) as typeof map).size).toBe(long);
  });

  it("refuses values without a msgpack form", () => {
    expect(() => written((writer) => writeValue(writer, () => 1))).toThrow("extra key");
  });
});
