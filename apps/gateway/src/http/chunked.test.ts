import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkedDecoder, encodeChunk, LAST_CHUNK } from "./chunked";

function decode(wire: Buffer, cuts: readonly number[]): { payload: Buffer; done: boolean; rest: number } {
  const decoder = new ChunkedDecoder();
  const payloads: Uint8Array[] = [];
  let at = 0;
  let rest = 0;
  for (const cut of [...cuts, wire.length].sort((a, b) => a - b)) {
    const piece = wire.subarray(at, Math.max(at, cut));
    at = Math.max(at, cut);
    const used = decoder.push(piece, 0);
    payloads.push(...decoder.payloads);
    rest += piece.length - used;
  }
  return { payload: Buffer.concat(payloads), done: decoder.done, rest };
}

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });

describe("ChunkedDecoder", () => {
  it("gives back what encodeChunk framed, however the bytes are cut", () => {
    fc.assert(
      fc.property(chunks, fc.array(fc.nat(400)), fc.uint8Array({ maxLength: 9 }), (parts, cuts, behind) => {
        const wire = Buffer.concat([...parts.map((part) => encodeChunk([part], false)), LAST_CHUNK, behind]);
        const out = decode(
          wire,
          cuts.map((cut) => Math.min(cut, wire.length)),
        );
        expect(out.payload.equals(Buffer.concat(parts))).toBe(true);
        expect(out.done).toBe(true);
        expect(out.rest).toBe(behind.length);
      }),
    );
  });

  it("skips extensions and trailers and says that it saw them", () => {
    const decoder = new ChunkedDecoder();
    const wire = Buffer.from("3;name=value\r\nabc\r\n0\r\nx-sum: 1\r\n\r\n");
    expect(decoder.push(wire, 0)).toBe(wire.length);
    expect(Buffer.concat(decoder.payloads).toString()).toBe("abc");
    expect(decoder.done).toBe(true);
    expect(decoder.sawExtra).toBe(true);
  });

  it("knows whether it stands between two chunks", () => {
    const decoder = new ChunkedDecoder();
    decoder.push(Buffer.from("3\r\nabc\r\n"), 0);
    expect(decoder.atBoundary).toBe(true);
    decoder.push(Buffer.from("3\r\na"), 0);
    expect(decoder.atBoundary).toBe(false);
  });

  it.each([
    ["a bare line feed", "3\nabc\r\n"],
    ["a size that is no number", "xyz\r\n"],
    ["an empty size", "\r\n"],
    ["a sign", "+3\r\nabc\r\n"],
    ["a prefix", "0x3\r\nabc\r\n"],
    ["white space before the size", " 3\r\nabc\r\n"],
    ["a size beyond 2^48", "fffffffffffffffff\r\n"],
    ["a chunk longer than its size", "3\r\nabcd\r\n"],
    ["a bare line feed in an extension", "3;a\nabc\r\n"],
    ["a bare line feed in a trailer", "0\r\na: b\n\r\n"],
  ])("refuses %s", (_what, wire) => {
    expect(() => new ChunkedDecoder().push(Buffer.from(wire), 0)).toThrow("malformed");
  });

  it("bounds extensions and trailers", () => {
    expect(() => new ChunkedDecoder().push(Buffer.from(`3;${"x".repeat(9000)}`), 0)).toThrow("too long");
    expect(() => new ChunkedDecoder().push(Buffer.from(`0\r\n${"a: b\r\n".repeat(2000)}`), 0)).toThrow("too long");
  });
});

describe("encodeChunk", () => {
  it("frames payloads as one chunk, and ends the body when asked", () => {
    expect(encodeChunk([Buffer.from("ab"), Buffer.from("c")], false).toString()).toBe("3\r\nabc\r\n");
    expect(encodeChunk([Buffer.from("abc")], true).toString()).toBe("3\r\nabc\r\n0\r\n\r\n");
    expect(encodeChunk([], true).toString()).toBe("0\r\n\r\n");
    expect(encodeChunk([], false).length).toBe(0);
  });
});
