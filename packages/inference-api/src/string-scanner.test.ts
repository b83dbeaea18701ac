import { describe, expect, it } from "vitest";
import { StringScanner } from "./string-scanner";

/** `"` + filler with the escape at `at` + `"`, then junk that must not be reached. */
function text(length: number, at: number, sequence: string): string {
  return `"${"x".repeat(at)}${sequence}${"y".repeat(Math.max(0, length - at))}"`;
}

describe("StringScanner", () => {
  it.each(['\\"', "\\\\", "\\n", "\\u00e9", "\\ud83e\\udd8a", '\\\\\\\\\\"', ""])(
    "finds the end behind %j at every offset and alignment",
    (sequence) => {
      for (let shift = 0; shift < 4; shift++) {
        for (let at = 0; at < 150; at++) {
          const string = text(150, at, sequence);
          const bytes = Buffer.from(`${" ".repeat(shift)}${string},"z":"\\q"`).subarray(shift);
          expect(new StringScanner(bytes).skip(0)).toBe(string.length);
          expect(new StringScanner(bytes).skipValid(0)).toBe(string.length);
        }
      }
    },
  );

  it("is not misled by bytes that differ from a quote or a backslash in one bit", () => {
    const near = [0x22, 0x5c].flatMap((byte) => [0, 1, 2, 3, 4, 5, 6].map((bit) => byte ^ (1 << bit)));
    const inside = Buffer.concat(
      near.filter((b) => b >= 0x20 && b !== 0x22 && b !== 0x5c).map((b) => Buffer.alloc(9, b)),
    );
    const bytes = Buffer.concat([Buffer.from('"'), inside, Buffer.from('"'), Buffer.alloc(80, "x")]);
    expect(new StringScanner(bytes).skip(0)).toBe(inside.length + 2);
  });

  it("keeps its place when it goes back to an earlier string", () => {
    const long = "x".repeat(300);
    const bytes = Buffer.from(`"${long}","${long}\\n${long}","${long}"`);
    const scanner = new StringScanner(bytes);
    const second = scanner.skip(0) + 1;
    const third = scanner.skip(second) + 1;
    expect(scanner.skip(third)).toBe(bytes.length);
    expect(scanner.skip(second)).toBe(third - 1);
    expect(scanner.skip(0)).toBe(second - 1);
  });

  it("finds a control byte at every offset and alignment, and takes bytes from 0x20 up", () => {
    for (let shift = 0; shift < 4; shift++) {
      for (let at = 0; at < 130; at++) {
        for (const [byte, isRefused] of [
          [0x1f, true],
          [0x00, true],
          [0x20, false],
          [0x7f, false],
          [0x80, false],
        ] as const) {
          const bytes = Buffer.alloc(shift + 140, "x").subarray(shift);
          bytes[0] = 0x22;
          bytes[at + 1] = byte;
          bytes[139] = 0x22;
          const scan = () => new StringScanner(bytes).skip(0);
          if (isRefused) expect(scan).toThrow("a control character in the string at offset 0");
          else expect(scan()).toBe(140);
        }
      }
    }
  });
});
