import { describe, expect, it } from "vitest";
import { requireBlockSize } from "./options";

describe("requireBlockSize", () => {
  it("returns a positive integer and refuses anything else", () => {
    expect(requireBlockSize(16)).toBe(16);
    for (const bad of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 20 + 1]) {
      expect(() => requireBlockSize(bad)).toThrow(/blockSizeTokens/);
    }
  });
});
