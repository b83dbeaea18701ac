import { beforeAll, describe, expect, it } from "vitest";
import { loadTokenizer } from "../load/load-tokenizer";
import type { LocalTokenizer } from "../local-tokenizer";
import { fromJavaScript } from "../python/values";
import { familyFolder, fixture } from "../test-data";
import { schemaToTypeScript } from "./typescript-schema";

interface HarmonyRecording {
  readonly cases: readonly { readonly body: string; readonly ids?: readonly number[] }[];
}

const { cases } = fixture<HarmonyRecording>("harmony");
let tokenizer: LocalTokenizer;
beforeAll(async () => {
  tokenizer = await loadTokenizer({ source: familyFolder("gptoss"), now: () => new Date(2026, 10, 24) });
});

describe("a Harmony tokenizer", () => {
  it("encodes random bodies as vLLM and the Harmony library do", () => {
    const encoded = cases.filter(({ ids }) => ids);
    expect(encoded.length).toBeGreaterThan(30);
    for (const { body, ids } of encoded) expect([...tokenizer.renderChat(body).tokenIds], body).toEqual(ids);
  });

  it("refuses what vLLM refuses", () => {
    for (const { body } of cases.filter(({ ids }) => !ids)) {
      expect(() => tokenizer.renderChat(body), body).toThrow(expect.objectContaining({ status: 400 }));
    }
  });

  it("encodes special tokens in a text as text", () => {
    const { tokenIds, text } = tokenizer.renderChat({ messages: [{ role: "user", content: "<|end|>" }] });
    const [end] = tokenizer.encode("<|end|>", { addSpecialTokens: false });
    expect([...tokenIds].filter((id) => id === end)).toHaveLength(2);
    expect(text).toContain("<|message|><|end|><|end|>");
  });

  it("prints the date of its clock and refuses half a surrogate pair", () => {
    expect(tokenizer.renderChat({ messages: [] }).text).toContain("Current date: 2026-11-24\n");
    expect(() => tokenizer.renderChat({ messages: [{ role: "user", content: "\ud83d" }] })).toThrow(
      expect.objectContaining({ code: "invalid_request" }),
    );
  });
});

describe("schemaToTypeScript", () => {
  it("writes a union's descriptions and defaults where the Harmony library does", () => {
    const schema = {
      type: "object",
      description: "top",
      properties: {
        a: {
          description: "D",
          default: "x",
          oneOf: [
            { type: "string", description: "V" },
            { type: "integer", default: 1.5, nullable: true },
          ],
        },
        b: { type: "array", items: { type: ["integer", "null"] } },
        c: { type: "string", enum: ["p", "q"], default: "p" },
      },
      required: ["b"],
    };
    expect(schemaToTypeScript(fromJavaScript(schema), "")).toBe(
      '// top\n{\n// D\n// default: "x"\na?:\n | string\n | number | null // default: 1.5\n,\nb: number | null[],\nc?: "p" | "q", // default: p\n}',
    );
  });
});
