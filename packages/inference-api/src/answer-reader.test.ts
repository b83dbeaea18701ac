import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnswerReader, type AnswerResult, createAnswerReader } from "./index";

const usage = (prompt: number, cached: number | undefined, output: number) => ({
  promptTokens: prompt,
  cachedTokens: cached,
  outputTokens: output,
});

function delta(fields: object, finish: string | null = null, rest: object = {}): string {
  return `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: fields, logprobs: null, finish_reason: finish }], ...rest })}\n\n`;
}

const OPENING = delta({ role: "assistant", content: "" });
const USAGE_FIELDS = {
  usage: { prompt_tokens: 30, total_tokens: 34, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 16 } },
};
const USAGE = `data: ${JSON.stringify({ choices: [], ...USAGE_FIELDS })}\n\n`;
const DONE = "data: [DONE]\n\n";

function feed(reader: AnswerReader, text: string | Uint8Array): AnswerResult {
  reader.push(Buffer.from(text as string));
  return reader.result;
}

function read(text: string | Uint8Array, stream = true, maxBufferBytes?: number): AnswerResult {
  const reader = createAnswerReader({ stream, ...(maxBufferBytes === undefined ? {} : { maxBufferBytes }) });
  feed(reader, text);
  return reader.end();
}

/** All that a result tells, as plain data. */
function plain({ firstTokenSeen, usage, finishReasons, error, done, midEvent }: AnswerResult) {
  return { firstTokenSeen, usage, finishReasons: [...finishReasons], error, done, midEvent };
}

describe("createAnswerReader, stream", () => {
  it("follows a chat from its opening chunk to its end", () => {
    const reader = createAnswerReader({ stream: true });
    expect(feed(reader, OPENING)).toMatchObject({ firstTokenSeen: false, done: false });
    expect(feed(reader, delta({ content: "Hi" })).firstTokenSeen).toBe(true);
    expect(feed(reader, delta({ content: "." }, "length")).finishReasons).toEqual(["length"]);
    expect(feed(reader, USAGE).usage).toEqual(usage(30, 16, 4));
    expect(feed(reader, DONE)).toMatchObject({ done: true, midEvent: false });
    expect(reader.end()).toBe(reader.result);
    expect(reader.result.error).toBeUndefined();
  });

  it.each([
    ["text", delta({ content: "x" })],
    ["text beside the role", delta({ role: "assistant", content: "x" })],
    ["an empty delta after the opening", delta({ content: "" })],
    ["reasoning", delta({ reasoning: "x" })],
    ["a tool call", delta({ role: "assistant", tool_calls: [{ index: 0 }] })],
    ["an end without text", delta({ role: "assistant", content: "" }, "stop")],
    ["a completion", 'data: {"choices":[{"index":0,"text":""}]}\n\n'],
  ])("takes %s for a token", (_what, event) => {
    expect(read(event).firstTokenSeen).toBe(true);
  });

  it("takes neither a usage chunk nor a comment nor an error for a token", () => {
    expect(read(`${OPENING}${USAGE}: ping\n\ndata: {"error":{"message":"x"}}\n\n`).firstTokenSeen).toBe(false);
  });

  it("keeps the newest usage when every chunk tells it", () => {
    const chunks = [1, 2, 3].map((n) =>
      delta({ content: "x" }, null, { usage: { prompt_tokens: 9, completion_tokens: n } }),
    );
    const reader = createAnswerReader({ stream: true });
    for (const [i, chunk] of chunks.entries()) expect(feed(reader, chunk).usage).toEqual(usage(9, undefined, i + 1));
    const whole = `${chunks.join("")}${delta({ content: "." }, "stop")}`;
    expect(read(whole).usage).toEqual(usage(9, undefined, 3));
    expect(
      read(`${whole}${delta({ content: "" }, "stop", { usage: { prompt_tokens: 9, completion_tokens: 4 } })}`).usage
        .outputTokens,
    ).toBe(4);
  });

  it("keeps finish reasons apart by choice", () => {
    const second =
      'data: {"choices":[{"index":1,"finish_reason":"stop"},{"index":5000000000,"finish_reason":"x"}]}\n\n';
    const spaced = 'data: {"choices": [{"index": 0, "finish_reason" :  "length"}]}\n\n';
    expect(read(delta({ content: "x" }) + second).finishReasons).toEqual([undefined, "stop"]);
    expect(read(delta({ content: "x" }) + second + spaced).finishReasons).toEqual(["length", "stop"]);
  });

  it("reads an error in the middle of a stream", () => {
    const event = 'data: {"error":{"message":"boom","type":"InternalServerError","param":null,"code":500}}\n\n';
    const result = read(delta({ content: "x" }) + event + DONE);
    expect(result.error).toEqual({ message: "boom", type: "InternalServerError", param: undefined, code: 500 });
    expect(result.done).toBe(true);
  });

  it("is not misled by names inside texts", () => {
    const text = '"usage":{"prompt_tokens":1},"finish_reason":"stop","error":{"message":"x"} data: [DONE]';
    const result = read(
      delta({ content: "a" }) + delta({ content: text }) + delta({ content: "error" }) + delta({ content: "usage" }),
    );
    expect(plain(result)).toMatchObject({ usage: {}, finishReasons: [], error: undefined, done: false });
  });

  it("tells a cut answer from a whole one", () => {
    const cut = delta({ content: "a" }) + delta({ content: "b" }).slice(0, 30);
    const reader = createAnswerReader({ stream: true });
    expect(feed(reader, cut)).toMatchObject({ midEvent: true });
    expect(reader.end()).toMatchObject({ done: false, midEvent: true });
    expect(read(delta({ content: "a" }))).toMatchObject({ done: false, midEvent: false });
  });

  it("joins several data lines and passes other fields over", () => {
    const event =
      'event: x\r\nid: 1\rdata: {"choices":[],\ndata:"usage":\n: note\ndata:  {"prompt_tokens":3,\ndata\ndata:"completion_tokens":2}}\nretry: 5\n\n';
    expect(read(event).usage).toEqual(usage(3, undefined, 2));
    expect(read("\ufeffdata: [DONE]").done).toBe(true);
    expect(read("database: [DONE]\n\n").done).toBe(false);
  });

  it("passes over an event beyond the limit, whole or in pieces, and reads the next", () => {
    const large = delta({ content: "x".repeat(500) }, "stop");
    for (const size of [1, 7, 100, 10_000]) {
      const reader = createAnswerReader({ stream: true, maxBufferBytes: 300 });
      const bytes = Buffer.from(large + USAGE + DONE);
      for (let i = 0; i < bytes.length; i += size) reader.push(bytes.subarray(i, i + size));
      expect(plain(reader.end())).toMatchObject({ finishReasons: [], usage: usage(30, 16, 4), done: true });
    }
    const lines = `${"data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".repeat(20)}\n${DONE}`;
    expect(read(lines, true, 300).done).toBe(true);
  });

  it("gives the same result however the bytes are cut", () => {
    const lineEnd = fc.constantFrom("\n", "\r", "\r\n");
    const event = fc.oneof(
      fc.constantFrom(
        OPENING,
        USAGE,
        DONE,
        ": ping\n\n",
        "\n",
        "data\n\n",
        "event: a\ndata: {\n\n",
        'data: {"error":"é"}\n\n',
      ),
      fc.string({ unit: "grapheme" }).map((content) => delta({ content })),
      fc.nat().map((n) => delta({ content: "🦊" }, null, { usage: { prompt_tokens: n, completion_tokens: 1 } })),
      fc.constantFrom("stop", "length").map((reason) => delta({ content: "" }, reason)),
      fc.constant('data: {"choices":[],\ndata: "usage":{"prompt_tokens":1}}\n\n'),
    );
    const stream = fc.tuple(fc.array(fc.tuple(event, lineEnd), { maxLength: 12 }), fc.nat(20));
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), ([events, cut], sizes) => {
        const text = events.map(([text, end]) => text.replaceAll("\n", end)).join("");
        const bytes = Buffer.from(text.slice(0, text.length - cut));
        const expected = plain(read(bytes));
        const reader = createAnswerReader({ stream: true });
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const chunk = new Uint8Array(bytes.subarray(at, at + sizes[i % sizes.length]!));
          reader.push(chunk);
          at += chunk.length;
          // What a reader keeps must be bytes of its own.
          if (i % 2) reader.push(new Uint8Array(0));
        }
        expect(plain(reader.end())).toEqual(expected);
        const bytewise = createAnswerReader({ stream: true });
        for (const byte of bytes) bytewise.push(Uint8Array.of(byte));
        expect(plain(bytewise.end())).toEqual(expected);
      }),
      { seed: 8, numRuns: 500 },
    );
  });

  it("reads in a stream what parsing every event reads", () => {
    const event = fc.record({
      choices: fc.array(
        fc.record({
          index: fc.nat(3),
          delta: fc.record({ content: fc.string() }),
          finish_reason: fc.constantFrom(null, "stop", "length"),
        }),
        { maxLength: 3 },
      ),
      usage: fc.option(fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat() })),
      error: fc.option(fc.record({ message: fc.string() }), { nil: undefined, freq: 5 }),
    });
    fc.assert(
      fc.property(fc.array(event), fc.constantFrom(0, 1), (events, indent) => {
        const lines = events.map((e) => `data: ${JSON.stringify(e, null, indent).replaceAll("\n", "\ndata: ")}\n\n`);
        const finish: (string | undefined)[] = [];
        for (const choice of events.flatMap(({ choices }) => choices)) {
          if (choice.finish_reason === null) continue;
          while (finish.length <= choice.index) finish.push(undefined);
          finish[choice.index] = choice.finish_reason;
        }
        const last = events.findLast((e) => e.usage)?.usage;
        const result = read(lines.join(""));
        expect(result.finishReasons).toEqual(finish);
        expect(result.usage).toEqual({ promptTokens: last?.prompt_tokens, outputTokens: last?.completion_tokens });
        expect(result.error?.message).toBe(events.findLast((e) => e.error)?.error?.message);
        expect(result.firstTokenSeen).toBe(events.some(({ choices }) => choices.length > 0));
      }),
      { seed: 9, numRuns: 300 },
    );
  });
});

describe("createAnswerReader, JSON", () => {
  const answer = JSON.stringify({
    choices: [
      { index: 0, message: { content: 'x"finish_reason":"no"' }, finish_reason: "stop" },
      { index: 1, finish_reason: "length" },
    ],
    ...USAGE_FIELDS,
  });

  it("reads usage and finish reasons at the end", () => {
    const reader = createAnswerReader({ stream: false });
    for (const byte of Buffer.from(answer)) reader.push(Uint8Array.of(byte));
    expect(plain(reader.end())).toEqual({
      firstTokenSeen: true,
      usage: usage(30, 16, 4),
      finishReasons: ["stop", "length"],
      error: undefined,
      done: true,
      midEvent: false,
    });
  });

  it("is not done when the answer is cut, empty or no object", () => {
    for (const text of [answer.slice(0, -1), "", "[1]", "<html>"]) {
      expect(plain(read(text, false))).toMatchObject({ done: false, firstTokenSeen: false, finishReasons: [] });
    }
  });

  it.each([
    ['{"error":{"message":"m","type":"t","param":"p","code":400}}', { message: "m", type: "t", param: "p", code: 400 }],
    ['{"error":"Unauthorized"}', { message: "Unauthorized" }],
    ['{"object":"error","message":"m","code":"c"}', { message: "m", code: "c" }],
    ['{"detail":"Not Found"}', { message: "Not Found" }],
  ])("reads the error of %s", (text, error) => {
    expect(read(text, false)).toMatchObject({ error, done: true, firstTokenSeen: false });
  });

  it("tolerates members of unexpected types", () => {
    const odd =
      '{"usage":[1],"choices":[1,{"finish_reason":7,"index":-1}],"error":null,"x":{"usage":{"prompt_tokens":1}}}';
    expect(plain(read(odd, false))).toMatchObject({
      finishReasons: [],
      error: undefined,
      usage: { promptTokens: undefined },
    });
    expect(read('{"usage":{"prompt_tokens":"1","completion_tokens":1.5}}', false).usage).toEqual({});
  });

  it("looks only at the last byte of an answer beyond the limit", () => {
    expect(read(`${answer}\n`, false, 100)).toMatchObject({ done: true, usage: { promptTokens: undefined } });
    expect(read(answer.slice(0, -4), false, 100).done).toBe(false);
  });
});

describe("createAnswerReader, options", () => {
  it.each([0, -1, 1.5, Number.NaN])("refuses a limit of %d", (maxBufferBytes) => {
    expect(() => createAnswerReader({ stream: true, maxBufferBytes })).toThrow(
      "maxBufferBytes must be a positive integer",
    );
  });
});
