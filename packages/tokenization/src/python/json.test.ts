import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dumpPythonJson } from "./dump-json";
import { parsePythonJson } from "./parse-json";
import { fromJavaScript, isDict, PyFloat, toJavaScript } from "./values";

describe("parsePythonJson", () => {
  it("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        const plain = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);
        expect(JSON.stringify(toJavaScript(parsePythonJson(text)), plain)).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it("refuses what JSON.parse refuses, but Python's constants", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:0123.eE+-tfn\\u \n') }), (text) => {
        let expected = true;
        try {
          JSON.parse(text);
        } catch {
          expected = false;
        }
        if (expected) expect(() => parsePythonJson(text)).not.toThrow();
        else expect(() => parsePythonJson(text)).toThrow(SyntaxError);
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps ints, floats and big ints apart", () => {
    expect(parsePythonJson("[1, 1.0, 1e5, -0, 123456789012345678901]")).toEqual([
      1,
      new PyFloat(1),
      new PyFloat(100000),
      0,
      123456789012345678901n,
    ]);
    expect(parsePythonJson("[NaN, Infinity, -Infinity]")).toEqual([
      new PyFloat(Number.NaN),
      new PyFloat(Number.POSITIVE_INFINITY),
      new PyFloat(Number.NEGATIVE_INFINITY),
    ]);
  });

  it("lets the last of equal keys win, in the place of the first", () => {
    const dict = parsePythonJson('{"a": 1, "2": 0, "1": 0, "a": 3}');
    expect(isDict(dict) && [...dict]).toEqual([
      ["a", 3],
      ["2", 0],
      ["1", 0],
    ]);
  });

  it("refuses deep nesting instead of overflowing the stack", () => {
    expect(() => parsePythonJson("[".repeat(100_000))).toThrow(SyntaxError);
  });
});

describe("dumpPythonJson", () => {
  it("gives back the value that is read again", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const python = fromJavaScript(value);
        expect(parsePythonJson(dumpPythonJson(python))).toEqual(python);
        expect(parsePythonJson(dumpPythonJson(python, { ensureAscii: true, indent: 2 }))).toEqual(python);
      }),
    );
  });

  it("writes as Python writes", () => {
    const value = parsePythonJson(
      '{"b": [1.0, 1e22, 1e-5, -0.0, 0.1], "a": {"é\\u007f": "<\\n\\u0001>"}, "c": [], "d": {}}',
    );
    expect(dumpPythonJson(value)).toBe(
      '{"b": [1.0, 1e+22, 1e-05, -0.0, 0.1], "a": {"é\u007f": "<\\n\\u0001>"}, "c": [], "d": {}}',
    );
    expect(dumpPythonJson(value, { sortKeys: true, indent: 1, ensureAscii: true })).toBe(
      '{\n "a": {\n  "\\u00e9\u007f": "<\\n\\u0001>"\n },\n "b": [\n  1.0,\n  1e+22,\n  1e-05,\n  -0.0,\n  0.1\n ],\n "c": [],\n "d": {}\n}',
    );
    expect(dumpPythonJson(value, { separators: [",", ":"] })).toContain('"c":[],"d":{}');
    expect(() => dumpPythonJson([() => 1])).toThrow(TypeError);
  });
});
