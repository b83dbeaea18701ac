import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findPythonJsonError } from "./python-json";

/** What `json.loads` of Python 3.11 says: text, offset, message. */
const PYTHON: readonly (readonly [string, number, string])[] = [
  ['{"a": [', 7, "Expecting value"],
  ['{"a" 1}', 5, "Expecting ':' delimiter"],
  ['{"a": 1,}', 8, "Expecting property name enclosed in double quotes"],
  ["{a: 1}", 1, "Expecting property name enclosed in double quotes"],
  ['"abc', 0, "Unterminated string starting at"],
  ['{"a": "x\ny"}', 8, "Invalid control character at"],
  ["[1 2]", 3, "Expecting ',' delimiter"],
  ['{"a": tru}', 6, "Expecting value"],
  ['{"a": "\\q"}', 7, "Invalid \\escape"],
  ['{"a": "\\u12g4"}', 8, "Invalid \\uXXXX escape"],
  ["1 2", 2, "Extra data"],
  ["", 0, "Expecting value"],
  ["  ", 2, "Expecting value"],
  ["[1,]", 3, "Expecting value"],
  ['{"a":1}x', 7, "Extra data"],
  ["-", 0, "Expecting value"],
  ['{"a": "\\', 6, "Unterminated string starting at"],
  ["01", 1, "Extra data"],
  ['{"é": }', 6, "Expecting value"],
];

describe("findPythonJsonError", () => {
  it.each(PYTHON)("finds what Python finds in %j", (text, at, message) => {
    expect(findPythonJsonError(text)).toMatchObject({ at, message });
  });

  it("finds nothing in what JSON.stringify writes, and in NaN", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => findPythonJsonError(JSON.stringify(value)) === undefined));
    expect(findPythonJsonError("[NaN, -Infinity]")).toBeUndefined();
  });

  it("refuses every text that JSON.parse refuses", () => {
    const broken = fc
      .tuple(fc.jsonValue(), fc.nat(), fc.constantFrom("", '"', ",", "}", "\\", "x"))
      .map(([value, at, put]) => {
        const text = JSON.stringify(value);
        const cut = at % (text.length + 1);
        return text.slice(0, cut) + put + text.slice(cut + 1);
      });
    fc.assert(
      fc.property(broken, (text) => {
        const found = findPythonJsonError(text);
        let parses = true;
        try {
          JSON.parse(text);
        } catch {
          parses = false;
        }
        expect(found === undefined).toBe(parses);
      }),
    );
  });
});
