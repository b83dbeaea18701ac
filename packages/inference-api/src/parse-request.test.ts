import { WarmpathError } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRequest } from "./index";

const MESSAGES = [{ role: "user", content: "hi" }];

function chat(fields: Record<string, unknown> | string) {
  const body = typeof fields === "string" ? fields : JSON.stringify({ model: "m", messages: MESSAGES, ...fields });
  return parseRequest({ api: "chat", body: Buffer.from(body), id: "r" });
}

function completion(fields: Record<string, unknown> | string) {
  const body = typeof fields === "string" ? fields : JSON.stringify({ model: "m", ...fields });
  return parseRequest({ api: "completions", body: Buffer.from(body), id: "r" });
}

function failure(run: () => unknown): { code: string; param: string | undefined; status: number } {
  try {
    run();
  } catch (error) {
    if (WarmpathError.isInstance(error)) return { code: error.code, param: error.param, status: error.status };
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("parseRequest", () => {
  it("reads what routing needs and keeps the body", () => {
    const body = Buffer.from(
      '{"messages":[{"role":"user","content":"hi"}],"max_tokens":7,"max_completion_tokens":5,"cache_salt":"s\\u00e9",' +
        '"priority":-3,"stream_options":{"include_usage":true},"x":9007199254740993,"model":"a/b","stream":true}',
    );
    const request = parseRequest({ api: "chat", body, id: "r1" });
    expect(request).toMatchObject({ id: "r1", api: "chat", model: "a/b", stream: true, includeUsage: true });
    expect(request).toMatchObject({ maxOutputTokens: 5, cacheSalt: "sé", priority: -3, multimodal: false });
    expect(request.body).toBe(body);
    expect(request.prompt()).toEqual({ kind: "messages" });
    expect(request.value("messages")).toEqual(MESSAGES);
    expect(request.value("messages")).toBe(request.value("messages"));
    const range = request.field("x");
    expect(range && body.toString("utf8", range.start, range.end)).toBe("9007199254740993");
    expect(request.field("y")).toBeUndefined();
    expect(request.value("y")).toBeUndefined();
  });

  it("has defaults for what is absent or null", () => {
    const absent = { stream: false, includeUsage: false, maxOutputTokens: undefined, cacheSalt: undefined };
    expect(chat({})).toMatchObject({ ...absent, priority: undefined });
    const nulls = { stream: null, stream_options: null, max_tokens: null, max_completion_tokens: null };
    expect(chat({ ...nulls, cache_salt: null, priority: null })).toMatchObject({ ...absent, priority: undefined });
    expect(chat({ cache_salt: "", stream_options: { include_usage: null } })).toMatchObject(absent);
  });

  it("lets the last of equal fields win, escaped spelling included", () => {
    const request = chat(
      '{"model":"a","model":"b","messages":1,"messages":[{"role":"user"}],"m\\u006fdel":"c","stream":"x","stream":true}',
    );
    expect(request).toMatchObject({ model: "c", stream: true });
    expect(request.value("messages")).toEqual([{ role: "user" }]);
  });

  it("reads a body that is a plain Uint8Array inside a larger buffer", () => {
    const bytes = new TextEncoder().encode(`xxx${JSON.stringify({ model: "m", prompt: "é" })}`);
    const request = parseRequest({ api: "completions", body: bytes.subarray(3), id: "r" });
    expect(request.prompt()).toEqual({ kind: "text", text: "é" });
  });

  it("takes for booleans and integers what the engines' lax validation takes", () => {
    expect(chat({ stream: 1, stream_options: { include_usage: "Yes" } })).toMatchObject({
      stream: true,
      includeUsage: true,
    });
    expect(chat({ stream: "off" }).stream).toBe(false);
    expect(chat({ max_tokens: 16.0, priority: "-2" })).toMatchObject({ maxOutputTokens: 16, priority: -2 });
    expect(chat('{"model":"m","messages":[{}],"max_tokens":1.6e1}').maxOutputTokens).toBe(16);
    expect(chat({ max_tokens: 0 }).maxOutputTokens).toBe(0);
  });

  it.each([
    ["model", { model: undefined }],
    ["model", { model: null }],
    ["messages", { messages: undefined }],
    ["messages", { messages: null }],
  ])("says that %s is missing: %j", (param, fields) => {
    expect(failure(() => chat(fields))).toEqual({ code: "missing_required_parameter", param, status: 400 });
  });

  it("says that the prompt is missing, unless there are embeddings", () => {
    expect(failure(() => completion({}))).toMatchObject({ code: "missing_required_parameter", param: "prompt" });
    expect(completion({ prompt_embeds: "AAAA" }).prompt()).toEqual({ kind: "tokens", tokenIds: new Uint32Array(0) });
  });

  it.each([
    ["model", { model: 7 }],
    ["messages", { messages: {} }],
    ["messages", { messages: "hi" }],
    ["messages", { messages: [] }],
    ["stream", { stream: "maybe" }],
    ["stream", { stream: 2 }],
    ["stream", { stream: {} }],
    ["stream_options", { stream_options: true }],
    ["stream_options.include_usage", { stream_options: { include_usage: [] } }],
    ["max_tokens", { max_tokens: 1.5 }],
    ["max_tokens", { max_tokens: "many" }],
    ["max_completion_tokens", { max_completion_tokens: [4] }],
    ["cache_salt", { cache_salt: 4 }],
    ["priority", { priority: {} }],
  ])("refuses a wrong type of %s: %j", (param, fields) => {
    expect(failure(() => chat(fields))).toEqual({ code: "invalid_request", param, status: 400 });
  });

  it.each([{ prompt: "" }, { prompt: [] }, { prompt: 5 }, { prompt: {} }, { prompt: true }])("refuses %j", (fields) => {
    expect(failure(() => completion(fields))).toMatchObject({ code: "invalid_request", param: "prompt" });
  });

  it("answers bad JSON with invalid_json", () => {
    expect(failure(() => chat('{"model":"m","messages":['))).toEqual({
      code: "invalid_json",
      param: undefined,
      status: 400,
    });
  });

  it("reads fields as JSON.parse does", () => {
    const known = { model: fc.string(), messages: fc.constant(MESSAGES), stream: fc.boolean() };
    const optional = {
      max_tokens: fc.integer({ min: -5, max: 2 ** 40 }),
      cache_salt: fc.string({ minLength: 1, unit: "grapheme" }),
      priority: fc.maxSafeInteger(),
      über: fc.jsonValue(),
      tools: fc.array(fc.jsonValue()),
    };
    fc.assert(
      fc.property(fc.record({ ...known, ...optional }, { requiredKeys: ["model", "messages"] }), (value) => {
        const request = chat(JSON.stringify(value));
        expect(request.model).toBe(value.model);
        expect(request.stream).toBe(value.stream ?? false);
        expect(request.maxOutputTokens).toBe(value.max_tokens);
        expect(request.cacheSalt).toBe(value.cache_salt);
        expect(request.priority).toBe(value.priority);
        const parsed = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
        for (const name of Object.keys(optional)) expect(request.value(name)).toEqual(parsed[name]);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

describe("InferenceRequest.prompt", () => {
  it("decodes every form of a completion's prompt", () => {
    expect(completion({ prompt: 'a"\n' }).prompt()).toEqual({ kind: "text", text: 'a"\n' });
    expect(completion({ prompt: ["a", "b\\"] }).prompt()).toEqual({ kind: "texts", texts: ["a", "b\\"] });
    expect(completion({ prompt: [1, 2, 128000] }).prompt()).toEqual({
      kind: "tokens",
      tokenIds: Uint32Array.of(1, 2, 128000),
    });
    const lists = completion('{"model":"m","prompt":[ [1 , 2.0],\n[4294967295],[ ] ]}').prompt();
    expect(lists).toEqual({
      kind: "token-lists",
      tokenLists: [Uint32Array.of(1, 2), Uint32Array.of(4294967295), new Uint32Array(0)],
    });
  });

  it("decodes what JSON.parse decodes", () => {
    const ids = fc.array(fc.nat(2 ** 32 - 1), { minLength: 1 });
    const texts = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 });
    fc.assert(
      fc.property(fc.oneof(ids, texts, fc.array(ids, { minLength: 1 })), fc.constantFrom(0, 2), (prompt, indent) => {
        const read = completion(JSON.stringify({ model: "m", prompt }, null, indent)).prompt();
        const plain =
          read.kind === "tokens"
            ? [...read.tokenIds]
            : read.kind === "texts"
              ? read.texts
              : read.kind === "token-lists" && read.tokenLists.map((list) => [...list]);
        expect(plain).toEqual(prompt);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it.each([[[-1]], [[1.5]], [[4294967296]], [[1, "a"]], [["a", 1]], [[[1], 2]], [[[1], ["a"]]], [[null]], [[true]]])(
    "refuses %j",
    (prompt) => {
      const request = completion({ prompt });
      expect(failure(() => request.prompt())).toMatchObject({ code: "invalid_request", param: "prompt" });
    },
  );

  it.each([
    ["messages.0", ["hi"]],
    ["messages.1", [...MESSAGES, null]],
    ["messages.0.role", [{ content: "x" }]],
    ["messages.0.role", [{ role: 1, content: "x" }]],
    ["messages.0.content", [{ role: "user", content: 1 }]],
    ["messages.0.content.1", [{ role: "user", content: ["x", 2] }]],
  ])("names %s when a message is malformed", (param, messages) => {
    const request = chat({ messages });
    expect(failure(() => request.prompt())).toMatchObject({ code: "invalid_request", param });
  });

  it("takes null, absent and empty content", () => {
    const calls = [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }];
    const messages = [
      { role: "assistant", content: null, tool_calls: calls },
      { role: "tool" },
      { role: "user", content: [] },
    ];
    expect(chat({ messages }).prompt()).toEqual({ kind: "messages" });
  });
});

describe("InferenceRequest.multimodal", () => {
  const withPart = (part: unknown) =>
    chat({ messages: [...MESSAGES, { role: "user", content: [{ type: "text", text: "a" }, part] }] });

  it("is true for parts that are not text", () => {
    expect(withPart({ type: "image_url", image_url: { url: "data:," } }).multimodal).toBe(true);
    expect(withPart({ image_url: "http://x" }).multimodal).toBe(true);
    expect(withPart({ type: "input_audio", input_audio: {} }).multimodal).toBe(true);
  });

  it("is false for text in any of its forms, and for completions", () => {
    for (const part of ["x", { text: "x" }, { type: "input_text", text: "x" }, { type: "refusal", refusal: "x" }]) {
      expect(withPart(part).multimodal).toBe(false);
    }
    expect(completion({ prompt: '{"type":"image_url"}' }).multimodal).toBe(false);
  });
});
