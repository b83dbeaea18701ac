import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createByteTokenizer } from "../testing/byte-tokenizer";
import { IncrementalText } from "./incremental-text";

describe("IncrementalText", () => {
  it("gives the whole text in pieces, and no piece with half a character", () => {
    const tokenizer = createByteTokenizer();
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        fc.pre(!text.includes("\uFFFD"));
        const ids = tokenizer.encode(text, { addSpecialTokens: false });
        const incremental = new IncrementalText(tokenizer);
        const pieces = [...ids].map((id, i) => incremental.push(id, i === ids.length - 1));
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) expect(piece).not.toContain("\uFFFD");
      }),
    );
  });

  it("shows what is broken when nothing can mend it", () => {
    const incremental = new IncrementalText(createByteTokenizer());
    expect(incremental.push(0xe6, false)).toBe("");
    expect(incremental.push(0xbc, true)).toBe("\uFFFD");
  });
});
