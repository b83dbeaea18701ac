import { createSimulatedTokenizer } from "@warmpath/tokenization";
import { describe, expect, it } from "vitest";
import { createByteTokenizer } from "../testing/byte-tokenizer";
import { createSampler } from "./sampler";

describe("createSampler", () => {
  it("continues the same prompt in the same way, another sample in another", () => {
    const sampler = createSampler(createByteTokenizer(), [3, 9]);
    const prompt = Uint32Array.of(1, 2, 3);
    expect(sampler.start(prompt, 0)).toBe(sampler.start(prompt.slice(), 0));
    expect(sampler.start(prompt, 0)).not.toBe(sampler.start(prompt, 1));
    expect(sampler.start(prompt, 0)).not.toBe(sampler.start(Uint32Array.of(1, 2, 4), 0));
  });

  it("keeps to the range of natural lengths and reaches both ends", () => {
    const sampler = createSampler(createByteTokenizer(), [3, 9]);
    const lengths = Array.from({ length: 500 }, (_, i) => sampler.naturalLength(sampler.start(Uint32Array.of(i), 0)));
    expect(Math.min(...lengths)).toBe(3);
    expect(Math.max(...lengths)).toBe(9);
  });

  it.each([
    ["bytes", createByteTokenizer()],
    ["simulated", createSimulatedTokenizer()],
  ])("begins with a word and survives encoding again (%s)", (_name, tokenizer) => {
    const sampler = createSampler(tokenizer, [1, 1]);
    for (let i = 0; i < 50; i++) {
      const start = sampler.start(Uint32Array.of(i), 0);
      const ids = Array.from({ length: 40 }, (_, k) => sampler.token(start, k));
      const text = tokenizer.decode(ids);
      expect(text).toMatch(/^ \w/);
      expect([...tokenizer.encode(text, { addSpecialTokens: false })]).toEqual(ids);
    }
  });
});
