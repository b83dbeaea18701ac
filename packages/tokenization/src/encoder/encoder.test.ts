import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AddedToken, createAddedTokenSplitter } from "./added-tokens";
import { withNativeRules, withTokenizerClass } from "./native-rules";
import { nativeNormalize } from "./normalize";
import { isWellFormed, wellFormed } from "./well-formed";

function token(id: number, content: string, extra: Partial<AddedToken> = {}): AddedToken {
  return {
    id,
    content,
    singleWord: false,
    leftStrip: false,
    rightStrip: false,
    normalized: false,
    special: true,
    ...extra,
  };
}

function splitterOf(...tokens: AddedToken[]): (text: string) => (string | number)[] {
  const split = createAddedTokenSplitter(tokens.map((item) => [item.content, item] as const));
  return (text) => split(text).map((piece) => (typeof piece === "string" ? piece : piece.id));
}

describe("createAddedTokenSplitter", () => {
  it("takes the leftmost token, and of those the longest", () => {
    const split = splitterOf(token(1, "<a>"), token(2, "<a><b>"), token(3, "a><"));
    expect(split("x<a><b>y<a>z")).toEqual(["x", 2, "y", 1, "z"]);
    expect(split("a><b>")).toEqual([3, "b>"]);
  });

  it("strips white space and finds whole words where a token says so", () => {
    expect(splitterOf(token(1, "<a>", { leftStrip: true, rightStrip: true }))("x \n<a>\t y")).toEqual(["x", 1, "y"]);
    expect(splitterOf(token(1, "cat", { singleWord: true }))("cat concat cat. cats")).toEqual([
      1,
      " concat ",
      1,
      ". cats",
    ]);
  });

  it("loses nothing", () => {
    const split = splitterOf(token(1, "ab"), token(2, "b"), token(3, "ba"));
    const names: Record<number, string> = { 1: "ab", 2: "b", 3: "ba" };
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "b", "c") }), (text) => {
        expect(
          split(text)
            .map((piece) => (typeof piece === "string" ? piece : names[piece]))
            .join(""),
        ).toBe(text);
      }),
    );
  });
});

describe("withNativeRules", () => {
  it("expresses ByteLevel and Digits as patterns that follow Unicode", () => {
    const rewritten = withNativeRules({
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: false, use_regex: true },
      ],
    });
    expect(rewritten).toMatchObject({
      pretokenizers: [
        { type: "Split", pattern: { Regex: "\\p{N}" } },
        { type: "Split", pattern: { Regex: expect.stringContaining("\\s+(?!\\S)") } },
        { type: "ByteLevel", use_regex: false },
      ],
    });
  });

  it("leaves alone what it cannot express", () => {
    const prefixed = { type: "ByteLevel", add_prefix_space: true };
    expect(withNativeRules(prefixed)).toBe(prefixed);
    expect(withNativeRules(null)).toBe(null);
  });

  it("folds the long s and the Kelvin sign in groups without regard to case", () => {
    expect(withNativeRules({ type: "Split", pattern: { Regex: "(?i:'s|'K)|s" } })).toMatchObject({
      pattern: { Regex: "(?i:'[s\u017f]|'[k\u212a])|s" },
    });
  });
});

describe("withTokenizerClass", () => {
  it("rebuilds what transformers rebuilds for GPT2Tokenizer, and nothing else", () => {
    const file = {
      normalizer: { type: "NFC" },
      pre_tokenizer: { type: "Split" },
      model: { vocab: {}, merges: [], ignore_merges: true },
    };
    expect(withTokenizerClass(file, { tokenizer_class: "Qwen2Tokenizer" })).toBe(file);
    expect(withTokenizerClass(file, { tokenizer_class: "GPT2Tokenizer", add_prefix_space: true })).toMatchObject({
      normalizer: null,
      pre_tokenizer: { type: "ByteLevel", add_prefix_space: true },
      model: { type: "BPE", vocab: {}, merges: [] },
    });
  });
});

describe("nativeNormalize", () => {
  const nfc = nativeNormalize({ type: "NFC" }, (text) => text.normalize("NFC"));

  it("normalizes as Unicode 9 does", () => {
    expect(nfc("e\u0301")).toBe("\u00e9");
    // U+0897 is of Unicode 16: for the native library it is no mark, so the others stay on their side of it.
    expect(nfc("x\u0897\u0323")).toBe("x\u0897\u0323");
    expect("x\u0897\u0323".normalize("NFC")).not.toBe("x\u0897\u0323");
    expect(nfc("e\u0301\u0897e\u0301")).toBe("\u00e9\u0897\u00e9");
  });

  it("touches no other normalizer", () => {
    const prepend = (text: string): string => `▁${text}`;
    expect(nativeNormalize({ type: "Prepend" }, prepend)).toBe(prepend);
  });
});

describe("wellFormed", () => {
  it("replaces halves of surrogate pairs only", () => {
    expect(wellFormed("a\ud83d b\ude00\ud83d\ude00")).toBe("a\ufffd b\ufffd\ud83d\ude00");
    expect(isWellFormed("\ud83d\ude00")).toBe(true);
    expect(isWellFormed("\ude00\ud83d")).toBe(false);
  });
});
