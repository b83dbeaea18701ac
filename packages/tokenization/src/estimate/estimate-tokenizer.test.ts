import type { TokenizedPrompt } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestOf } from "../test-data";
import { createEstimateTokenizer } from "./estimate-tokenizer";
import { packBytes, withoutUnicodeEscapes } from "./pack-bytes";

const tokenizer = createEstimateTokenizer();

function estimate(body: object | string): TokenizedPrompt {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const api = text.includes('"messages"') ? "chat" : "completions";
  return tokenizer.tokenize(requestOf(api, text)) as TokenizedPrompt;
}

function shared(a: TokenizedPrompt, b: TokenizedPrompt): number {
  let at = 0;
  while (at < a.tokenIds.length && a.tokenIds[at] === b.tokenIds[at]) at++;
  return at;
}

const chat = (...texts: string[]): object => ({
  model: "m",
  messages: texts.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content })),
});

describe("createEstimateTokenizer", () => {
  it("packs four bytes into an id, first one lowest", () => {
    const { tokenIds, exact, source } = estimate({ prompt: "abcde" });
    expect([...tokenIds]).toEqual([0x64636261, 0x65]);
    expect({ exact, source }).toEqual({ exact: false, source: "estimate" });
  });

  it("counts about a quarter of the bytes", () => {
    expect(estimate(chat("x".repeat(4000))).tokenIds.length).toBeGreaterThan(1000);
    expect(estimate(chat("x".repeat(4000))).tokenIds.length).toBeLessThan(1020);
  });

  it("matches a conversation with its previous turn", () => {
    const first = estimate(chat("a".repeat(50)));
    const second = estimate(chat("a".repeat(50), "b", "c"));
    expect(shared(first, second)).toBeGreaterThanOrEqual(first.tokenIds.length - 1);
  });

  it("does not match other texts, other roles or other tools", () => {
    const base = chat("a".repeat(50));
    expect(shared(estimate(base), estimate(chat(`b${"a".repeat(49)}`)))).toBeLessThan(10);
    expect(shared(estimate(base), estimate(JSON.stringify(base).replace("user", "USER")))).toBeLessThan(4);
    expect(shared(estimate(base), estimate({ ...base, tools: [{ type: "function" }] }))).toBe(0);
  });

  it("takes a character and its escape for the same", () => {
    const plain = JSON.stringify(chat('é漢🙂 "quote"\n\u0001'));
    const escaped = plain.replace(
      /[\u007f-\uffff]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    expect(escaped).not.toBe(plain);
    expect(estimate(escaped)).toEqual(estimate(plain));
    expect(estimate(plain.replace("\\n", "\\u000A"))).toEqual(estimate(plain));
  });

  it("passes on the ids that a client sent", () => {
    const sent = Uint32Array.of(5, 6);
    const request = requestOf("completions", '{"prompt":[ 5,6]}', { kind: "tokens", tokenIds: sent });
    expect(tokenizer.tokenize(request)).toEqual({ tokenIds: sent, exact: true, source: "client", multimodal: [] });
  });

  it("gives nothing for a prompt that is absent or null", () => {
    expect(estimate({ messages: null }).tokenIds).toHaveLength(0);
    expect(estimate({ model: "m" }).tokenIds).toHaveLength(0);
  });
});

describe("withoutUnicodeEscapes", () => {
  it("keeps the meaning of any JSON string", () => {
    const escapeAll = (text: string): string =>
      `"${[...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")}"`;
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const resolved = Buffer.from(withoutUnicodeEscapes(Buffer.from(escapeAll(text)))).toString();
        expect(JSON.parse(resolved)).toBe(text);
        expect(resolved).toBe(Buffer.from(withoutUnicodeEscapes(Buffer.from(JSON.stringify(text)))).toString());
      }),
    );
  });

  it("returns bytes without such escapes as they are, and survives cut ones", () => {
    const bytes = Buffer.from('a\\n\\\\u00e9"');
    expect(withoutUnicodeEscapes(bytes)).toBe(bytes);
    for (const cut of ["\\u", "\\u12", "\\ud83d", "\\ud83d\\u", "\\"]) {
      expect(() => withoutUnicodeEscapes(Buffer.from(cut))).not.toThrow();
    }
  });

  it("packs parts without gaps", () => {
    expect([...packBytes([Uint8Array.of(1), Uint8Array.of(2, 3, 4, 5)])]).toEqual([0x04030201, 5]);
  });
});
