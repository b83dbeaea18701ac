import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createEstimateTokenizer, createTokenizerChain, loadTokenizer } from "./index";
import { familyFolder, requestOf } from "./test-data";

async function example(folder: string) {
  // README
  const tokenizer = await loadTokenizer({ source: folder });
  const ids = tokenizer.encode("Hello, world!", { addSpecialTokens: false });

  const body = '{"messages":[{"role":"user","content":"Hi"}]}';
  const { text, tokenIds } = tokenizer.renderChat(body);

  const chain = createTokenizerChain([tokenizer, createEstimateTokenizer()]);
  // README
  return { ids, text, tokenIds, chain, body };
}

describe("README", () => {
  it("shows the example that runs here", () => {
    const source = readFileSync(new URL(import.meta.url), "utf8").split("  // README\n")[1] ?? "";
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    expect(source).toContain("loadTokenizer");
    expect(readme).toContain(source.replace(/^ {2}/gm, ""));
  });

  it("tells what the example gives", async () => {
    const { ids, text, tokenIds, chain, body } = await example(familyFolder("qwen3"));
    expect([...ids]).toEqual([9707, 11, 1879, 0]);
    expect(text).toBe("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
    expect(chain.tokenize(requestOf("chat", body))).toMatchObject({ tokenIds });
  });
});
