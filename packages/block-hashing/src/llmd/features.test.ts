import { describe, expect, it } from "vitest";
import { llmdFeaturesFromEvent, llmdFeaturesFromMultimodal } from "./features";

describe("llmdFeaturesFromEvent", () => {
  it("takes strings and the first string of arrays, and nothing else", () => {
    const raw = [["img", ["h", 3], 7, null], null, [["z"], [5, "q"], []], [], [new Uint8Array(3)]];
    expect(llmdFeaturesFromEvent(raw)).toEqual([["img", "h"], null, ["z"], null, null]);
  });

  it("keeps the name of an adapter, as llm-d does", () => {
    expect(llmdFeaturesFromEvent([["my-lora"]])).toEqual([["my-lora"]]);
  });
});

describe("llmdFeaturesFromMultimodal", () => {
  it("sorts items of all modalities by start and lists them in every block they touch", () => {
    const mm = {
      hashes: { image: ["I1", "I2"], audio: ["A1"] },
      placeholders: { image: [[40, 8] as const, [2, 4] as const], audio: [[20, 24] as const] },
    };
    expect(llmdFeaturesFromMultimodal(mm, 16, 4)).toEqual([["I2"], ["A1"], ["A1", "I1"], null]);
  });

  it("leaves an item out of the block that begins where it ends", () => {
    const mm = { hashes: { image: ["H"] }, placeholders: { image: [[4, 12] as const] } };
    expect(llmdFeaturesFromMultimodal(mm, 16, 2)).toEqual([["H"], null]);
  });

  it("pairs hashes and ranges up to the shorter list", () => {
    const mm = { hashes: { image: ["A", "B"], audio: ["C"] }, placeholders: { image: [[0, 1] as const] } };
    expect(llmdFeaturesFromMultimodal(mm, 4, 1)).toEqual([["A"]]);
  });

  it("puts the salt behind the items of block 0, where there is one", () => {
    const mm = { hashes: { image: ["A"] }, placeholders: { image: [[0, 9] as const] } };
    expect(llmdFeaturesFromMultimodal(mm, 4, 2, "salt")).toEqual([["A", "salt"], ["A"]]);
    expect(llmdFeaturesFromMultimodal(mm, 4, 0, "salt")).toEqual([]);
  });
});
