import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createByteTokenizer } from "../testing/byte-tokenizer";
import { type SimulatedEngine, startSimulatedEngine } from "./start";

let engine: SimulatedEngine;
beforeAll(async () => {
  engine = await startSimulatedEngine({
    model: "tiny",
    tokenizer: createByteTokenizer(),
    maxModelLength: 100,
    timeScale: 0,
    kvEvents: false,
    autoToolChoice: false,
  });
});
afterAll(() => engine.close());

const MESSAGES = [{ role: "user", content: "Hi" }];
const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body: text };
  const response = await fetch(engine.url + path, init);
  return { status: response.status, body: (await response.json()) as unknown };
}

function error(message: string, type: string, param: string | null, code = 400) {
  return { status: code, body: { error: { message, type, param, code } } };
}

/** Recorded from vLLM 0.32.0, with the limits of this engine. */
const CASES: readonly (readonly [what: string, path: string, body: unknown, answer: ReturnType<typeof error>])[] = [
  [
    "an unknown model",
    CHAT,
    { model: "no-such", messages: MESSAGES },
    error("The model `no-such` does not exist. Valid aliases: tiny.", "NotFoundError", "model", 404),
  ],
  [
    "no messages",
    CHAT,
    { model: "tiny", max_tokens: 4, temperature: 0, ignore_eos: true },
    error(
      "1 validation error:\n  {'type': 'missing', 'loc': 'body.messages', 'msg': 'Field required', 'input': '<dict of 4 items>'}",
      "Bad Request",
      "body.messages",
    ),
  ],
  [
    "empty messages",
    CHAT,
    { messages: [] },
    error(
      "Cannot apply chat template to an empty conversation. Provide at least one message.",
      "BadRequestError",
      null,
    ),
  ],
  [
    "a list",
    CHAT,
    [1, 2],
    error(
      "1 validation error:\n  {'type': 'model_attributes_type', 'loc': 'body', 'msg': 'Input should be a valid dictionary or object to extract fields from', 'input': '<list of 2 items>'}",
      "Bad Request",
      "body",
    ),
  ],
  [
    "an empty body",
    CHAT,
    "",
    error(
      "1 validation error:\n  {'type': 'missing', 'loc': 'body', 'msg': 'Field required', 'input': 'None'}",
      "Bad Request",
      "body",
    ),
  ],
  [
    "half a body",
    CHAT,
    '{"model": "tiny", "messages": [',
    error(
      "1 validation error:\n  {'type': 'json_invalid', 'loc': 'body.31', 'msg': 'JSON decode error', 'input': '<dict of 0 items>', 'ctx': {'error': 'Expecting value'}}",
      "Bad Request",
      "body.31",
    ),
  ],
  [
    "a temperature of text",
    COMPLETIONS,
    { prompt: "Hello", temperature: "hot" },
    error(
      "1 validation error:\n  {'type': 'float_parsing', 'loc': 'body.temperature', 'msg': 'Input should be a valid number, unable to parse string as a number', 'input': 'hot'}",
      "Bad Request",
      "body.temperature",
    ),
  ],
  [
    "a negative token",
    COMPLETIONS,
    { prompt: [-1] },
    error(
      "4 validation errors:\n  {'type': 'greater_than_equal', 'loc': 'body.prompt.0', 'msg': 'Input should be greater than or equal to 0', 'input': '-1', 'ctx': {'ge': 0}}\n  {'type': 'list_type', 'loc': 'body.prompt.0', 'msg': 'Input should be a valid list', 'input': '-1'}\n  {'type': 'string_type', 'loc': 'body.prompt', 'msg': 'Input should be a valid string', 'input': '<list of 1 items>'}\n  {'type': 'string_type', 'loc': 'body.prompt.0', 'msg': 'Input should be a valid string', 'input': '-1'}",
      "Bad Request",
      "body.prompt.0",
    ),
  ],
  [
    "a token out of the vocabulary",
    COMPLETIONS,
    { prompt: [99_999_999] },
    error("Token id 99999999 is out of vocabulary", "BadRequestError", null),
  ],
  [
    "a prompt that is too long",
    COMPLETIONS,
    { prompt: Array.from({ length: 120 }, () => 1) },
    error(
      "This model's maximum context length is 100 tokens. However, your prompt contains 120 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=120)",
      "BadRequestError",
      "input_tokens",
    ),
  ],
  [
    "too many output tokens",
    COMPLETIONS,
    { prompt: "Hello", max_tokens: 100_000 },
    error(
      "max_tokens=100000 cannot be greater than max_model_len=100. Please request fewer output tokens. (parameter=max_tokens, value=100000)",
      "BadRequestError",
      "max_tokens",
    ),
  ],
  [
    "no output token",
    COMPLETIONS,
    { prompt: "Hello", max_tokens: 0 },
    error("max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)", "BadRequestError", "max_tokens"),
  ],
  [
    "an empty prompt",
    COMPLETIONS,
    { prompt: "" },
    error(
      "Either prompt or prompt_embeds must be provided and non-empty. (parameter=prompt)",
      "BadRequestError",
      "prompt",
    ),
  ],
  [
    "an empty salt",
    COMPLETIONS,
    { prompt: "Hello", cache_salt: "" },
    error(
      "Parameter 'cache_salt' must be a non-empty string if provided. (parameter=cache_salt)",
      "BadRequestError",
      "cache_salt",
    ),
  ],
  [
    "a salt with a slash",
    COMPLETIONS,
    { prompt: "Hello", cache_salt: "a/b" },
    error(
      "Parameter 'cache_salt' must be at most 128 characters and must not contain '@', '/', '\\\\', or NUL. (parameter=cache_salt)",
      "BadRequestError",
      "cache_salt",
    ),
  ],
  [
    "several greedy samples",
    COMPLETIONS,
    { prompt: "Hello", n: 2, temperature: 0 },
    error("n must be 1 when using greedy sampling, got 2.", "BadRequestError", null),
  ],
  [
    "tools without a parser",
    CHAT,
    { messages: MESSAGES, tools: [{ type: "function", function: { name: "f" } }] },
    error(
      '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
      "BadRequestError",
      null,
    ),
  ],
];

describe("a simulated engine refuses", () => {
  it.each(CASES)("%s as vLLM does", async (_what, path, body, answer) => {
    expect(await post(path, body)).toEqual(answer);
  });

  it("a rank that it does not have, but not a header that is no number", async () => {
    const body = { prompt: "Hello", max_tokens: 1 };
    expect(await post(COMPLETIONS, body, { "x-data-parallel-rank": "5" })).toEqual(
      error("data_parallel_rank 5 is out of range [0, 1).", "BadRequestError", null),
    );
    expect((await post(COMPLETIONS, body, { "x-data-parallel-rank": "one" })).status).toBe(200);
  });

  it("a wrong content type", async () => {
    expect(await post(CHAT, { messages: MESSAGES }, { "content-type": "text/plain" })).toEqual(
      error("1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed", "Bad Request", null),
    );
  });

  it("unknown paths and methods plainly", async () => {
    expect(await post("/v1/nothing", {})).toEqual({ status: 404, body: { detail: "Not Found" } });
    const response = await fetch(engine.url + CHAT);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await response.json()).toEqual({ detail: "Method Not Allowed" });
  });
});
