import { describe, expect, it } from "vitest";
import { pythonFloat, pythonRepr } from "./python-repr";

describe("pythonRepr", () => {
  it.each([
    ["hot", "'hot'"],
    ["it's", '"it\'s"'],
    ['say "hi"', "'say \"hi\"'"],
    ['it\'s "x"', "'it\\'s \"x\"'"],
    ["a\nb\t\\", "'a\\nb\\t\\\\'"],
    ["\u0001é漢", "'\\x01é漢'"],
  ])("quotes %j as Python does", (text, repr) => {
    expect(pythonRepr(text)).toBe(repr);
  });

  it("writes records, numbers, truth and nothing", () => {
    expect(pythonRepr({ a: 1, b: true, c: null, d: { e: "f" }, g: undefined })).toBe(
      "{'a': 1, 'b': True, 'c': None, 'd': {'e': 'f'}}",
    );
  });
});

describe("pythonFloat", () => {
  it.each([
    [0, "0.0"],
    [1.5, "1.5"],
    [1e-5, "1e-05"],
    [3.0518509475996325e-5, "3.0518509475996325e-05"],
    [0.0001, "0.0001"],
    [123_456_789, "123456789.0"],
    [1e16, "1e+16"],
    [1.5e300, "1.5e+300"],
    [Number.POSITIVE_INFINITY, "+Inf"],
  ])("writes %d as Python does", (value, text) => {
    expect(pythonFloat(value)).toBe(text);
  });
});
