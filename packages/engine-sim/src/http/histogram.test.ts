import { describe, expect, it } from "vitest";
import { Histogram, oneTwoFive } from "./histogram";

describe("Histogram", () => {
  it("counts a value in every bucket that reaches it", () => {
    const histogram = new Histogram([0.5, 1, 2]);
    for (const value of [0.5, 0.7, 3]) histogram.observe(value);
    const labels = (extra?: readonly [string, string]): string => (extra ? `{${extra[0]}="${extra[1]}"}` : "{}");
    expect(histogram.lines("h", labels)).toEqual([
      'h_bucket{le="0.5"} 1.0',
      'h_bucket{le="1.0"} 2.0',
      'h_bucket{le="2.0"} 2.0',
      'h_bucket{le="+Inf"} 3.0',
      "h_count{} 3.0",
      "h_sum{} 4.2",
    ]);
  });
});

describe("oneTwoFive", () => {
  it("ends with the last step that fits", () => {
    expect(oneTwoFive(300)).toEqual([1, 2, 5, 10, 20, 50, 100, 200]);
    expect(oneTwoFive(1)).toEqual([1]);
  });
});
