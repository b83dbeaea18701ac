import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Clock, InferenceRequest } from "@warmpath/contracts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requestOf } from "../test-data";
import { readRenderAnswer } from "./read-answer";
import { createRenderTokenizer } from "./render-tokenizer";

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

let servers: Server[];
let handle: Handler;
beforeEach(() => {
  servers = [];
  handle = (_request, _body, response) => response.end('{"token_ids":[1,2,3]}');
});
afterEach(() =>
  Promise.all(servers.map((server) => new Promise((resolve) => server.closeAllConnections() ?? server.close(resolve)))),
);

async function serve(own?: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => (own ?? handle)(request, Buffer.concat(chunks).toString(), response));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const chat = (text = "hi"): InferenceRequest =>
  requestOf("chat", `{"model":"m","messages":[{"role":"user","content":"${text}"}]}`);
const completion = (): InferenceRequest => requestOf("completions", '{"prompt":"x"}', { kind: "text", text: "x" });
const missing: Handler = (_request, _body, response) => response.writeHead(404).end('{"detail":"Not Found"}');

/** A clock whose timers run when time is moved. */
function manualClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  const timers = new Set<{ at: number; run: () => void }>();
  return {
    nowMs: () => now,
    schedule(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      now += ms;
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        timers.delete(timer);
        timer.run();
      }
    },
  };
}

describe("createRenderTokenizer", () => {
  it("sends the client's bytes to the path of the API", async () => {
    const seen: string[] = [];
    const url = await serve((request, body, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
      const one = '{"token_ids":[4294967295,2],"features":null}';
      response.end(request.url?.includes("chat") ? one : `[${one},{"token_ids":[9]}]`);
    });
    const tokenizer = createRenderTokenizer({ url, headers: { authorization: "Bearer k" } });
    expect(await tokenizer.tokenize(chat("é"))).toEqual({
      tokenIds: Uint32Array.of(4294967295, 2),
      exact: true,
      source: "render",
      multimodal: [],
    });
    expect(await tokenizer.tokenize(completion())).toMatchObject({ tokenIds: Uint32Array.of(4294967295, 2) });
    expect(seen).toEqual([
      'POST /v1/chat/completions/render Bearer k {"model":"m","messages":[{"role":"user","content":"é"}]}',
      'POST /v1/completions/render Bearer k {"prompt":"x"}',
    ]);
  });

  it("asks once for equal requests in flight, and again afterwards", async () => {
    let asked = 0;
    const url = await serve((_request, _body, response) => {
      asked++;
      setTimeout(() => response.end('{"token_ids":[1]}'), 30);
    });
    const tokenizer = createRenderTokenizer({ url });
    const answers = await Promise.all([
      tokenizer.tokenize(chat()),
      tokenizer.tokenize(chat()),
      tokenizer.tokenize(chat("other")),
    ]);
    expect(answers[0]).toBe(answers[1]);
    expect(asked).toBe(2);
    await tokenizer.tokenize(chat());
    expect(asked).toBe(3);
  });

  it("lets one caller leave without the others, and the engine when all have left", async () => {
    let closed = 0;
    let answer: () => void = () => {};
    const url = await serve((request, _body, response) => {
      response.on("close", () => {
        if (!response.writableEnded) closed++;
      });
      answer = () => response.end('{"token_ids":[1]}');
      request.resume();
    });
    const tokenizer = createRenderTokenizer({ url });
    const [first, second] = [new AbortController(), new AbortController()];
    const one = tokenizer.tokenize(chat(), first.signal);
    const two = tokenizer.tokenize(chat(), second.signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
    first.abort();
    await expect(one).rejects.toBe(first.signal.reason);
    answer();
    await expect(two).resolves.toMatchObject({ source: "render" });
    expect(closed).toBe(0);

    const third = new AbortController();
    const three = tokenizer.tokenize(chat("x"), third.signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
    third.abort();
    await expect(three).rejects.toBe(third.signal.reason);
    await expect.poll(() => closed).toBe(1);
    await expect(async () => tokenizer.tokenize(chat(), third.signal)).rejects.toBe(third.signal.reason);
  });

  it("falls over to the next engine", async () => {
    const broken = await serve((_request, _body, response) => response.writeHead(500).end("x"));
    const good = await serve();
    const asked: string[] = [];
    const tokenizer = createRenderTokenizer({
      endpointUrls: (model) => {
        asked.push(model);
        return ["http://127.0.0.1:1", good, broken];
      },
    });
    await expect(tokenizer.tokenize(chat())).resolves.toMatchObject({ tokenIds: Uint32Array.of(1, 2, 3) });
    expect(asked).toEqual(["m"]);
    const none = createRenderTokenizer({ endpointUrls: () => ["http://127.0.0.1:1", broken, good] });
    await expect(none.tokenize(chat())).rejects.toMatchObject({
      code: "tokenizer_unavailable",
      message: expect.stringContaining("500"),
    });
    const empty = createRenderTokenizer({ endpointUrls: () => [] });
    await expect(empty.tokenize(chat())).rejects.toMatchObject({ code: "tokenizer_unavailable" });
  });

  it("gives back the engine's refusal without asking another", async () => {
    let asked = 0;
    const refusing: Handler = (_request, _body, response) => {
      asked++;
      response.writeHead(400).end('{"error":{"message":"roles must alternate"}}');
    };
    const urls = [await serve(refusing), await serve(refusing)];
    const tokenizer = createRenderTokenizer({ endpointUrls: () => urls });
    await expect(tokenizer.tokenize(chat())).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("roles must"),
    });
    expect(asked).toBe(1);
  });

  it("leaves an engine without the endpoint alone for a while, but not for an unknown model", async () => {
    let asked = 0;
    let answer: Handler = missing;
    const url = await serve((...args) => {
      asked++;
      answer(...args);
    });
    const clock = manualClock();
    const tokenizer = createRenderTokenizer({ url, clock, retryMissingMs: 1000 });
    await expect(tokenizer.tokenize(chat())).rejects.toMatchObject({ code: "tokenizer_unavailable" });
    await expect(tokenizer.tokenize(chat())).rejects.toMatchObject({ message: expect.stringContaining("No engine") });
    expect(asked).toBe(1);
    clock.advance(1000);
    answer = (_request, _body, response) =>
      response.writeHead(404).end('{"error":{"message":"no model","param":"model","code":404}}');
    await expect(tokenizer.tokenize(chat())).rejects.toMatchObject({ message: expect.stringContaining("404") });
    answer = handle;
    await expect(tokenizer.tokenize(chat())).resolves.toMatchObject({ source: "render" });
    expect(asked).toBe(3);
  });

  it("gives up in time", async () => {
    const url = await serve(() => {});
    const clock = manualClock();
    const pending = Promise.resolve(createRenderTokenizer({ url, clock, timeoutMs: 200 }).tokenize(chat()));
    setTimeout(() => clock.advance(200), 20);
    await expect(pending).rejects.toMatchObject({
      code: "tokenizer_unavailable",
      message: expect.stringContaining("200 ms"),
    });
  });

  it("passes on token ids, and needs an address", () => {
    const request = requestOf("completions", '{"prompt":[1]}', { kind: "tokens", tokenIds: Uint32Array.of(1) });
    expect(createRenderTokenizer({ url: "http://127.0.0.1:1" }).tokenize(request)).toMatchObject({ source: "client" });
    expect(() => createRenderTokenizer({})).toThrow(expect.objectContaining({ code: "invalid_configuration" }));
  });
});

describe("readRenderAnswer", () => {
  it("reads multimodal items of all modalities by rising start", () => {
    const features = {
      mm_hashes: { image: ["h2", "h1"], audio: ["h3"] },
      mm_placeholders: {
        image: [
          { offset: 9, length: 2 },
          { offset: 1, length: 3 },
        ],
        audio: [{ offset: 5, length: 1 }],
      },
    };
    expect(readRenderAnswer(JSON.stringify({ token_ids: [1], features })).multimodal).toEqual([
      { hash: "h1", start: 1, length: 3 },
      { hash: "h3", start: 5, length: 1 },
      { hash: "h2", start: 9, length: 2 },
    ]);
  });

  it.each([
    "",
    "null",
    "[]",
    "{}",
    '{"token_ids":[-1]}',
    '{"token_ids":[1.5]}',
    '{"token_ids":["1"]}',
    '{"token_ids":[1],"features":{"mm_hashes":{"image":["h"]}}}',
  ])("refuses %s", (text) => {
    expect(() => readRenderAnswer(text)).toThrow(expect.objectContaining({ code: "tokenizer_unavailable" }));
  });

  const golden = fileURLToPath(new URL("../../../../../shared/golden/vllm/http-0.32.0.jsonl", import.meta.url));
  it.skipIf(!existsSync(golden))("reads what vLLM answered (needs ../shared)", async () => {
    const exchanges = readFileSync(golden, "utf8")
      .split("\n")
      .filter((line) => line.includes('/render"'))
      .map((line) => JSON.parse(line))
      .filter(({ path }) => path === "/v1/chat/completions/render" || path === "/v1/completions/render");
    expect(exchanges.length).toBeGreaterThan(10);
    for (const { path, requestBody, status, body } of exchanges) {
      handle = (_request, _body, response) => response.writeHead(status).end(body);
      const tokenizer = createRenderTokenizer({ url: await serve() });
      const request = {
        ...chat(),
        api: path.includes("chat") ? ("chat" as const) : ("completions" as const),
        body: Buffer.from(requestBody),
      };
      const asked = Promise.resolve(tokenizer.tokenize({ ...request, prompt: () => ({ kind: "text", text: "" }) }));
      if (status === 200) {
        const parsed = JSON.parse(body);
        const expected = (Array.isArray(parsed) ? parsed[0] : parsed).token_ids;
        expect([...(await asked).tokenIds]).toEqual(expected);
      } else {
        await expect(asked).rejects.toMatchObject({
          code: status === 400 ? "invalid_request" : "tokenizer_unavailable",
        });
      }
    }
  });
});
