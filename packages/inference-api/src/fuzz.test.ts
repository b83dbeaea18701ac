import { WarmpathError } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { createAnswerReader, parseRequest, withFields } from "./index";

/** Mulberry32: the same bodies in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const CHAT = Buffer.from(
  JSON.stringify({
    model: "fake",
    messages: [
      { role: "system", content: 'Be "terse".\n' },
      {
        role: "user",
        content: [
          { type: "text", text: "café 🦊" },
          { type: "image_url", image_url: { url: "data:," } },
        ],
      },
      { role: "assistant", content: null, tool_calls: [{ id: "c", function: { name: "f", arguments: '{"a":1}' } }] },
    ],
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 16,
    priority: 1,
    cache_salt: "s",
  }),
);
const COMPLETION = Buffer.from('{"model": "fake", "prompt": [1, 2, 128000, 77], "max_tokens": 4, "stream": false}');
const PIECES = [
  "{",
  "}",
  "[",
  "]",
  '"',
  "\\",
  ",",
  ":",
  "null",
  "1e",
  "-",
  "\\ud83e",
  '"model":',
  '"messages":[',
  "\u0000",
  "true",
];

function mutate(body: Buffer, random: (below: number) => number): Buffer {
  let bytes: Buffer = Buffer.from(body);
  for (let i = random(4); i >= 0; i--) {
    const at = random(bytes.length + 1);
    const kind = random(5);
    if (kind === 0 && at < bytes.length) bytes[at] = random(256);
    else if (kind === 1) bytes = bytes.subarray(0, at);
    else if (kind === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + random(12)))]);
    else if (kind === 3) {
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(PIECES[random(PIECES.length)]!), bytes.subarray(at)]);
    } else {
      const from = random(bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + random(40)), bytes.subarray(at)]);
    }
  }
  return bytes;
}

describe("parseRequest, fuzzed", () => {
  it("gives a request or a 4xx error for 10,000 changed bodies, and reads the next good one right", () => {
    const random = createRandom(2026);
    let refused = 0;
    let read = 0;
    for (let i = 0; i < 10_000; i++) {
      const api = random(2) === 0 ? "chat" : "completions";
      const body = mutate(api === "chat" ? CHAT : COMPLETION, random);
      try {
        const request = parseRequest({ api, body, id: "f" });
        request.prompt();
        expect(typeof request.model).toBe("string");
        expect(typeof request.multimodal).toBe("boolean");
        JSON.parse(
          Buffer.from(withFields(request, { model: '"x"', priority: undefined }))
            .toString()
            .replace(/^\ufeff/, ""),
        );
        read++;
      } catch (error) {
        if (!WarmpathError.isInstance(error) || error.status < 400 || error.status >= 500) throw error;
        refused++;
      }
      if (i % 100 === 0) {
        const good = parseRequest({ api: "chat", body: CHAT, id: "g" });
        expect(good).toMatchObject({
          model: "fake",
          stream: true,
          includeUsage: true,
          maxOutputTokens: 16,
          multimodal: true,
        });
      }
    }
    expect(refused + read).toBe(10_000);
    expect(refused).toBeGreaterThan(5000);
    expect(read).toBeGreaterThan(500);
  });
});

describe("createAnswerReader, fuzzed", () => {
  it("survives 5,000 changed answers of both kinds", () => {
    const random = createRandom(7);
    const json = '{"choices":[{"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}';
    const bodies = [
      Buffer.from(json),
      Buffer.from(`data: ${json}\n\ndata: {"error":{"message":"m"}}\r\n\r\ndata: [DONE]\n\n`),
    ];
    for (let i = 0; i < 5000; i++) {
      const body = mutate(bodies[i % 2]!, random);
      const reader = createAnswerReader({ stream: i % 2 === 1 });
      const cut = random(body.length + 1);
      reader.push(body.subarray(0, cut));
      reader.push(body.subarray(cut));
      expect(typeof reader.end().done).toBe("boolean");
      expect(reader.result.usage).toBeDefined();
    }
  });
});
