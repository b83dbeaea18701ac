import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareValues, isEqual } from "./compare";
import { formatPythonFloat, formatRustFloat } from "./format-float";
import { codePoints, compareText, pythonRepr, strip, textLength } from "./text";
import { isTruthy, PyFloat, PyTuple, Undefined } from "./values";

describe("strip", () => {
  it("takes Python's white space, not JavaScript's", () => {
    expect(strip(" \u0085\u001c\u3000x\u2028 ")).toBe("x");
    expect(strip("\ufeffx\ufeff")).toBe("\ufeffx\ufeff");
    expect(strip("  x ", "left")).toBe("x ");
    expect(strip("  x ", "right")).toBe("  x");
  });

  it("takes the characters that are named, also outside the basic plane", () => {
    expect(strip("\n x\n", "both", "\n")).toBe(" x");
    expect(strip("🙂a🙂🙁", "both", "🙂🙁")).toBe("a");
    expect(strip("🙂", "right", "🙁")).toBe("🙂");
  });

  it("leaves nothing that could be stripped again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(strip(strip(text))).toBe(strip(text));
      }),
    );
  });
});

describe("text by code points", () => {
  it("counts and orders as Python does", () => {
    expect(textLength("a🙂")).toBe(2);
    expect(codePoints("🙂a")).toEqual(["🙂", "a"]);
    expect(compareText("\uffff", "🙂")).toBeLessThan(0);
    expect(compareText("a", "ab")).toBeLessThan(0);
  });
});

describe("floats", () => {
  it("reads back what it writes", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(formatPythonFloat(value))).toBe(value);
        expect(Number(formatRustFloat(value))).toBe(value);
        expect(formatPythonFloat(value)).toMatch(/[.e]/);
      }),
    );
  });

  it("writes Python's and Rust's notations", () => {
    const values = [1, 1e16, 1e15, 1e-4, 1e-5, 1e-6, 1.5e300, -0];
    expect(values.map(formatPythonFloat)).toEqual([
      "1.0",
      "1e+16",
      "1000000000000000.0",
      "0.0001",
      "1e-05",
      "1e-06",
      "1.5e+300",
      "-0.0",
    ]);
    expect(values.map(formatRustFloat)).toEqual([
      "1.0",
      "1e+16",
      "1000000000000000.0",
      "0.0001",
      "0.00001",
      "1e-6",
      "1.5e+300",
      "-0.0",
    ]);
  });
});

describe("values", () => {
  it("compares as Python does", () => {
    expect(isEqual(1, new PyFloat(1))).toBe(true);
    expect(isEqual(true, 1)).toBe(true);
    expect(isEqual("", false)).toBe(false);
    expect(isEqual([1, [2]], [1, [2]])).toBe(true);
    expect(isEqual(new Map([["a", null]]), new Map([["b", null]]))).toBe(false);
    expect(isEqual(PyTuple.from([1]), [1])).toBe(false);
    expect(compareValues([1, 2], [1, 3])).toBeLessThan(0);
    expect(() => compareValues(1, "a")).toThrow(TypeError);
  });

  it("knows what is true", () => {
    expect([0, new PyFloat(0), "", null, [], new Map(), new Undefined("x")].map(isTruthy)).toEqual(
      Array(7).fill(false),
    );
    expect([-1, new PyFloat(0.1), "0", [0], 1n].map(isTruthy)).toEqual(Array(5).fill(true));
  });

  it("prints Python's representation", () => {
    expect(pythonRepr([null, true, "a'b", "a\"'", "\u0085\u00a0é\n\u{e0001}", PyTuple.from([1])])).toBe(
      `[None, True, "a'b", 'a"\\'', '\\x85\\xa0é\\n\\U000e0001', (1,)]`,
    );
  });
});
