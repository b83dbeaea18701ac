import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestOf } from "../test-data";
import { createSimulatedTokenizer } from "./simulated-tokenizer";

const tokenizer = createSimulatedTokenizer();
const encode = (text: string): number[] => [...tokenizer.encode(text, { addSpecialTokens: false })];

describe("createSimulatedTokenizer", () => {
  it("decodes exactly what it encoded", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (text) => {
        expect(tokenizer.decode(encode(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
    expect(tokenizer.decode(encode("\ufeffa\0\0 b\0c"))).toBe("\ufeffa\0\0 b\0c");
  });

  it("cuts words into pieces of four bytes whose bytes are the id", () => {
    expect(encode("abcde fg")).toEqual([0x64636261, 0x65, 0x676620]);
    expect(encode("é漢🙂")).toHaveLength(3);
  });

  it("encodes the decoded beginning of a sequence to that beginning", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "é", "漢", " ", "\n", "🙂") }), fc.nat(50), (text, length) => {
        const ids = encode(` ${text}`).slice(0, length);
        expect(encode(tokenizer.decode(ids))).toEqual(ids);
      }),
    );
  });

  it("begins a turn's prompt with the previous prompt and answer", () => {
    const first = {
      messages: [
        { role: "system", content: "s" },
        { role: "user", content: "u" },
      ],
    };
    const prompt = [...tokenizer.renderChat(first).tokenIds];
    const answer = encode(" the answer");
    const second = {
      messages: [
        ...first.messages,
        { role: "assistant", content: tokenizer.decode(answer) },
        { role: "user", content: "v" },
      ],
    };
    const next = [...tokenizer.renderChat(second).tokenIds];
    expect(next.slice(0, prompt.length + answer.length)).toEqual([...prompt, ...answer]);
    expect(tokenizer.renderChat(first).text).toBe(
      "<|start|>system<|message|>s<|end|><|start|>user<|message|>u<|end|><|start|>assistant<|message|>",
    );
  });

  it("tells apart bodies that differ in tools, calls or roles", () => {
    const call = { id: "1", type: "function", function: { name: "f", arguments: "{}" } };
    const bodies = [
      { messages: [{ role: "user", content: "u" }] },
      { messages: [{ role: "user", content: "u" }], tools: [{ type: "function", function: { name: "f" } }] },
      { messages: [{ role: "system", content: "u" }] },
      {
        messages: [
          { role: "user", content: "u" },
          { role: "assistant", content: "x", tool_calls: [call] },
        ],
      },
      {
        messages: [
          { role: "user", content: "u" },
          { role: "assistant", content: "x" },
        ],
      },
      { messages: [{ role: "user", content: "u" }], add_generation_prompt: false },
    ];
    expect(new Set(bodies.map((body) => tokenizer.renderChat(body).text)).size).toBe(bodies.length);
  });

  it("leaves the final message open when it is to be continued", () => {
    const body = {
      messages: [{ role: "assistant", content: "half" }],
      add_generation_prompt: false,
      continue_final_message: true,
    };
    expect(tokenizer.renderChat(body).text).toBe("<|start|>assistant<|message|>half");
    expect(tokenizer.decode(tokenizer.renderChat(body).tokenIds, { skipSpecialTokens: true })).toBe("assistanthalf");
    expect(() => tokenizer.renderChat({ ...body, add_generation_prompt: true })).toThrow(
      expect.objectContaining({ status: 400 }),
    );
    expect(() => tokenizer.renderChat({ messages: [] })).toThrow(expect.objectContaining({ status: 400 }));
  });

  it("tokenizes requests of both APIs", () => {
    const chat = requestOf("chat", '{"messages":[{"role":"user","content":"u"}]}');
    expect(tokenizer.tokenize(chat)).toMatchObject({ exact: true, tokenIds: tokenizer.renderChat(chat.body).tokenIds });
    const text = requestOf("completions", '{"prompt":"abcd"}', { kind: "text", text: "abcd" });
    expect(tokenizer.tokenize(text)).toMatchObject({ tokenIds: Uint32Array.of(0x64636261) });
    const ids = requestOf("completions", '{"prompt":[1]}', { kind: "tokens", tokenIds: Uint32Array.of(1) });
    expect(tokenizer.tokenize(ids)).toMatchObject({ source: "client" });
  });
});
