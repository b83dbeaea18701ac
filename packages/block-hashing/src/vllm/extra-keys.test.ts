import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type VllmExtraKeysInput, vllmEventExtraKeys, vllmExtraKeys } from "./extra-keys";

const digest = new Uint8Array(32).fill(7);
const everything: VllmExtraKeysInput = {
  form: "tagged",
  blockSizeTokens: 4,
  blockCount: 3,
  lora: { name: "ada", path: "/a" },
  multimodal: [{ identifier: "img", offset: 2, length: 5 }],
  cacheSalt: "s",
  promptEmbeds: [digest, undefined, undefined],
};

describe("vllmExtraKeys", () => {
  it("puts adapter, items, salt and embeddings in vLLM's order, tagged", () => {
    expect(vllmExtraKeys(everything)).toEqual([
      [
        ["lora", "ada", "/a"],
        ["mm", "img", 2],
        ["cache_salt", "s"],
        ["prompt_embeds", digest],
      ],
      [
        ["lora", "ada", "/a"],
        ["mm", "img", -2],
      ],
      [["lora", "ada", "/a"]],
    ]);
  });

  it("writes the older forms without tags and path", () => {
    const [untagged] = vllmExtraKeys({ ...everything, form: "untagged" });
    expect(untagged).toEqual(["ada", ["img", 2], "s", digest]);
    const [identifier] = vllmExtraKeys({ ...everything, form: "identifier" });
    expect(identifier).toEqual(["ada", "img", "s", digest]);
  });

  it("salts the block at token 0 only and takes an empty salt for none", () => {
    const base = { form: "tagged", blockSizeTokens: 4, blockCount: 2 } as const;
    expect(vllmExtraKeys({ ...base, cacheSalt: "s" })).toEqual([[["cache_salt", "s"]], undefined]);
    expect(vllmExtraKeys({ ...base, cacheSalt: "s", fromToken: 4 })).toEqual([undefined, undefined]);
    expect(vllmExtraKeys({ ...base, cacheSalt: "" })).toEqual([undefined, undefined]);
  });

  it("leaves out an item that ends or begins at the border", () => {
    const multimodal = [
      { identifier: "a", offset: 0, length: 4 },
      { identifier: "b", offset: 8, length: 1 },
    ];
    const keys = vllmExtraKeys({ form: "identifier", blockSizeTokens: 4, blockCount: 3, multimodal });
    expect(keys).toEqual([["a"], undefined, ["b"]]);
  });

  it("looks at no item behind one that reaches beyond the block, as vLLM does", () => {
    const multimodal = [
      { identifier: "wide", offset: 0, length: 6 },
      { identifier: "inside", offset: 1, length: 2 },
    ];
    const keys = vllmExtraKeys({ form: "identifier", blockSizeTokens: 4, blockCount: 2, multimodal });
    expect(keys).toEqual([["wide"], ["wide"]]);
  });

  it("gives the tail of a whole prompt's keys when it starts later", () => {
    const items = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 1, max: 9 })), { maxLength: 6 });
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 6 }), fc.nat(5), (gaps, blockSizeTokens, skip) => {
        let at = 0;
        const multimodal = gaps.map(([gap, length], i) => {
          const offset = at + gap;
          at = offset + length;
          return { identifier: `i${i}`, offset, length };
        });
        const input = { ...everything, multimodal, promptEmbeds: undefined, blockSizeTokens };
        const whole = vllmExtraKeys({ ...input, blockCount: 20 });
        const tail = vllmExtraKeys({ ...input, fromToken: skip * blockSizeTokens, blockCount: 20 - skip });
        expect(tail).toEqual(whole.slice(skip));
      }),
    );
  });

  it("shares one array among blocks that have the adapter only", () => {
    const keys = vllmExtraKeys({ form: "tagged", blockSizeTokens: 1, blockCount: 2, lora: { name: "a", path: "p" } });
    expect(keys[0]).toBe(keys[1]);
  });
});

describe("vllmEventExtraKeys", () => {
  it("publishes every form without tags and path", () => {
    const published = [["ada", ["img", 2], "s", digest], ["ada", ["img", -2]], ["ada"]];
    expect(vllmEventExtraKeys(vllmExtraKeys(everything))).toEqual(published);
    expect(vllmEventExtraKeys(vllmExtraKeys({ ...everything, form: "untagged" }))).toEqual(published);
    expect(vllmEventExtraKeys([undefined])).toEqual([null]);
  });
});
