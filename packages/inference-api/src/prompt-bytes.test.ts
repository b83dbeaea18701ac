import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeText } from "./decode-text";
import { estimatePromptBytes, parseRequest, promptBytes } from "./index";

function chatText(fields: string): string {
  const body = Buffer.from(`{"model":"m",${fields}}`);
  return Buffer.from(estimatePromptBytes(parseRequest({ api: "chat", body, id: "r" }))).toString();
}

function completion(prompt: string) {
  return parseRequest({ api: "completions", body: Buffer.from(`{"model":"m","prompt":${prompt}}`), id: "r" });
}

/** With U+FFFD in place of lone surrogates. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** A JSON string in which some characters are escaped that need not be. */
const spelled = fc
  .array(fc.tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 60 }), fc.boolean()), { maxLength: 8 })
  .map((pieces) => {
    const json = pieces.map(([text, isEscaped]) => {
      if (!isEscaped) return JSON.stringify(wellFormed(text)).slice(1, -1);
      return [...text]
        .flatMap((c) => c.split(""))
        .map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
        .join("");
    });
    return `"${json.join("")}"`;
  });

describe("decodeText", () => {
  it("gives the UTF-8 bytes of what JSON.parse gives", () => {
    fc.assert(
      fc.property(spelled, (json) => {
        const source = Buffer.from(json);
        const target = Buffer.alloc(source.length);
        const end = decodeText(source, 1, source.length - 1, target, 0);
        expect(target.subarray(0, end)).toEqual(Buffer.from(JSON.parse(json) as string));
      }),
      { seed: 6, numRuns: 1000 },
    );
  });

  it.each([
    '"\\b\\f\\n\\r\\t\\/\\"\\\\"',
    '"\\ud83e\\udd8a"',
    '"\\ud83e"',
    '"\\udd8a\\ud83ex"',
    '"\\ud83e\\u0041"',
    '"\\uD83E\\n"',
  ])("decodes %s", (json) => {
    const source = Buffer.from(json);
    const target = Buffer.alloc(source.length);
    const end = decodeText(source, 1, source.length - 1, target, 0);
    expect(target.toString("utf8", 0, end)).toBe(wellFormed(JSON.parse(json) as string));
  });
});

describe("estimatePromptBytes", () => {
  it("joins role and text of each message", () => {
    expect(chatText('"messages":[{"role":"system","content":"Be terse."},{"content":"hi","role":"user"}]')).toBe(
      "systemBe terse.userhi",
    );
  });

  it("agrees on raw and escaped text, and on parts and one string", () => {
    const raw = chatText('"messages":[{"role":"user","content":"café 🦊\\n"}]');
    expect(chatText('"messages":[{"role":"user","content":"caf\\u00e9 \\ud83e\\udd8a\\u000a"}]')).toBe(raw);
    const parts = '[{"type":"text","text":"caf"}, {"text":"é ","type":"text"},"🦊\\n"]';
    expect(chatText(`"messages":[{"role":"user","content":${parts}}]`)).toBe(raw);
  });

  it("differs by role, tools, tool calls and images", () => {
    const user = chatText('"messages":[{"role":"user","content":"x"}]');
    const calls = '"tool_calls":[{"id":"c"}]';
    const image = (data: string) =>
      `"messages":[{"role":"user","content":["x",{"type":"image_url","image_url":{"url":"data:${data}"}}]}]`;
    const all = [
      user,
      chatText('"messages":[{"role":"assistant","content":"x"}]'),
      chatText('"tools":[{"a":1}],"messages":[{"role":"user","content":"x"}]'),
      chatText(`"messages":[{"role":"user","content":"x",${calls}}]`),
      chatText(image("AAAA")),
      chatText(image("AAAB")),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(chatText('"tools":null,"messages":[{"role":"user","content":"x","tool_calls":null}]')).toBe(user);
  });

  it("takes an image of any size for sixteen bytes", () => {
    const url = `data:image/png;base64,${"A".repeat(100_000)}`;
    const part = `{"type":"image_url","image_url":{"url":"${url}"}}`;
    expect(chatText(`"messages":[{"role":"user","content":[${part}]}]`)).toMatch(/^user[0-9a-f]{16}$/);
  });

  it("writes tools alike however a client spaces and escapes them", () => {
    const end = '"messages":[{"role":"user","content":"x"}]';
    const compact = chatText(`"tools":[{"name":"caf\u00e9 \\"a b\\"","n":[1,2]}],${end}`);
    expect(compact).toBe('[{"name":"café \\"a b\\"","n":[1,2]}]userx');
    expect(chatText(`"tools":[ {"name": "caf\\u00e9 \\u0022a b\\"",\n "n": [1, 2]} ],${end}`)).toBe(compact);
  });

  it("lets a longer conversation begin with the bytes of the shorter one", () => {
    const message = fc.record({ role: fc.constantFrom("user", "assistant"), content: fc.string({ unit: "grapheme" }) });
    fc.assert(
      fc.property(fc.array(message, { minLength: 2 }), (messages) => {
        const whole = chatText(`"messages":${JSON.stringify(messages)}`);
        expect(whole).toBe(messages.map(({ role, content }) => role + content).join(""));
        expect(whole.startsWith(chatText(`"messages":${JSON.stringify(messages.slice(0, -1))}`))).toBe(true);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it("is the text of the first prompt of a completion, or the words of its token ids", () => {
    const bytes = (prompt: string) => Buffer.from(estimatePromptBytes(completion(prompt)));
    expect(bytes('"a\\u00e9"').toString()).toBe("aé");
    expect(bytes('["one","two"]').toString()).toBe("one");
    expect([...bytes("[1, 258]")]).toEqual([1, 0, 0, 0, 2, 1, 0, 0]);
    expect([...bytes("[[7],[8]]")]).toEqual([7, 0, 0, 0]);
  });

  it("throws for a malformed message as prompt() does", () => {
    expect(() => chatText('"messages":[{"role":"user","content":7}]')).toThrow("'messages.0.content' must be");
  });
});

describe("promptBytes", () => {
  it("gives views of the body, escapes as they stand", () => {
    const body = Buffer.from(
      '{"tools":[1],"model":"m","messages":[{"role":"user","content":"a\\n"},{"role":"x","content":null}]}',
    );
    const views = promptBytes(parseRequest({ api: "chat", body, id: "r" }));
    expect(views.map((view) => Buffer.from(view).toString())).toEqual(["[1]", "user", "a\\n", "x"]);
    expect(views[0]?.buffer).toBe(body.buffer);
    expect(promptBytes(completion("[[1, 2], [3]]")).map(String)).toEqual([String(Buffer.from("[1, 2]"))].map(String));
  });
});
