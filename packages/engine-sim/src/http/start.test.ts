import { request as httpRequest, type IncomingMessage } from "node:http";
import type { EngineHashes, KvEventAddress } from "@warmpath/contracts";
import { rankAddress, subscribeKvEvents } from "@warmpath/kv-events";
import { afterEach, describe, expect, it } from "vitest";
import { createVllmBlocks, digestOf } from "../core/vllm-blocks";
import { createByteTokenizer } from "../testing/byte-tokenizer";
import type { SimulatedEngineOptions } from "./options";
import { type SimulatedEngine, startSimulatedEngine } from "./start";
import { createSystemClock } from "./system-clock";

const FLAT = { t0: 1, w: 1, cw: 0, b: 0.001, c: 0, d: 0, dd: 0, e: 0, kvBytesPerToken: 0 };

const open: SimulatedEngine[] = [];
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  await Promise.all(open.splice(0).map((engine) => engine.close()));
});

async function start(options: Partial<SimulatedEngineOptions> = {}): Promise<SimulatedEngine> {
  const engine = await startSimulatedEngine({
    model: "tiny",
    tokenizer: createByteTokenizer(),
    profile: FLAT,
    blockSizeTokens: 16,
    blocks: 512,
    ...options,
  });
  open.push(engine);
  return engine;
}

async function post(engine: SimulatedEngine, path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(engine.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** What the tests look at in answers and in the events of streams. */
interface Answer {
  readonly id: string;
  readonly choices: readonly {
    readonly index: number;
    readonly text: string;
    readonly message: { role: string; content: string };
    readonly delta: { readonly role?: string; readonly content: string };
    readonly finish_reason: string | null;
    readonly token_ids: readonly number[];
    readonly prompt_token_ids: readonly number[] | null;
  }[];
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
  };
  readonly system_fingerprint?: string;
  readonly tokens: readonly number[];
  readonly token_ids: readonly number[];
}

async function postJson(
  engine: SimulatedEngine,
  path: string,
  body: unknown,
  headers?: Record<string, string>,
): Promise<Answer & { readonly status: number }> {
  const { status, text } = await post(engine, path, body, headers);
  return { status, ...(JSON.parse(text) as Answer) };
}

/** Bodies of a stream's events. */
function events(text: string): Answer[] {
  const frames = text.split("\n\n");
  expect(frames.pop()).toBe("");
  expect(frames.pop()).toBe("data: [DONE]");
  return frames.map((frame) => JSON.parse(frame.replace(/^data: /, "")) as Answer);
}

interface KvBlocks {
  readonly ranks: readonly {
    readonly rank: number;
    readonly blocks: readonly { readonly hash: string; readonly copies: number; readonly tier: string }[];
  }[];
}

async function get<T>(engine: SimulatedEngine, path: string): Promise<T> {
  return (await (await fetch(engine.url + path)).json()) as T;
}

const tokens = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => (from + 7 * i) % 256);

describe("startSimulatedEngine", () => {
  it("answers completions with text, ids, usage and cached tokens", async () => {
    const engine = await start();
    const body = { model: "tiny", prompt: tokens(64), max_tokens: 5, ignore_eos: true, return_token_ids: true };
    const first = await postJson(engine, "/v1/completions", body);
    expect(first).toMatchObject({ status: 200, object: "text_completion", model: "tiny" });
    expect(first.id).toMatch(/^cmpl-[0-9a-f]{16}$/);
    expect(first.choices[0]).toMatchObject({ finish_reason: "length", prompt_token_ids: tokens(64) });
    expect(first.choices[0]!.token_ids.length).toBe(5);
    expect(Buffer.from(first.choices[0]!.token_ids).toString()).toBe(first.choices[0]!.text);
    expect(first.usage).toEqual({
      prompt_tokens: 64,
      total_tokens: 69,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 0, created_cache_tokens: null, multimodal_tokens: null },
      completion_tokens_details: null,
    });
    const second = await postJson(engine, "/v1/completions", body);
    expect(second.usage.prompt_tokens_details.cached_tokens).toBe(48);
    expect(second.choices).toEqual(first.choices);
    expect(engine.stats()).toMatchObject({
      finishedRequests: 2,
      promptTokens: 128,
      cachedTokens: 48,
      generatedTokens: 10,
    });
  });

  it("grows a conversation whose earlier turns come from the cache", async () => {
    const engine = await start();
    const messages: { role: string; content: string }[] = [{ role: "user", content: "What does a prefix cache keep?" }];
    let known = 0;
    for (let turn = 0; turn < 4; turn++) {
      const answer = await postJson(engine, "/v1/chat/completions", { messages, max_tokens: 40 });
      const { usage, choices } = answer;
      expect(usage.prompt_tokens_details.cached_tokens).toBe(Math.floor(known / 16) * 16);
      expect(choices[0]!.message.role).toBe("assistant");
      // The prompt and all but the last output token have been computed, and the next prompt begins with them.
      known = usage.prompt_tokens + usage.completion_tokens - 1;
      messages.push(choices[0]!.message, { role: "user", content: `And turn ${turn}?` });
    }
  });

  it("finds the whole conversation again with its own tokenizer", async () => {
    const engine = await startSimulatedEngine({ model: "tiny", profile: FLAT, timeScale: 0 });
    open.push(engine);
    const messages: { role: string; content: string }[] = [
      { role: "system", content: "You are a careful assistant. ".repeat(10) },
      { role: "user", content: "What does a prefix cache keep?" },
    ];
    let known = 0;
    for (let turn = 0; turn < 5; turn++) {
      const { usage, choices } = await postJson(engine, "/v1/chat/completions", {
        messages,
        max_tokens: 30,
        ignore_eos: true,
      });
      expect(usage.prompt_tokens_details.cached_tokens).toBe(Math.floor(known / 16) * 16);
      known = usage.prompt_tokens + usage.completion_tokens - 1;
      messages.push(choices[0]!.message, { role: "user", content: `And of turn ${turn}, naïve café 漢字 🙂?` });
    }
  });

  it("streams a chat like vLLM: role, pieces, finish, usage, done", async () => {
    const engine = await start();
    const body = { model: "tiny", messages: [{ role: "user", content: "Hi" }], max_tokens: 6, ignore_eos: true };
    const whole = await postJson(engine, "/v1/chat/completions", body);
    const stream = await post(engine, "/v1/chat/completions", {
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(stream.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const frames = events(stream.text);
    expect(frames[0]).toMatchObject({
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }],
      prompt_token_ids: null,
    });
    const pieces = frames.slice(1, -1);
    expect(pieces.length).toBe(6);
    expect(pieces.map((frame) => frame.choices[0]!.delta.content).join("")).toBe(whole.choices[0]!.message.content);
    expect(pieces.map((frame) => frame.choices[0]!.finish_reason)).toEqual([null, null, null, null, null, "length"]);
    expect(frames.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: whole.usage.prompt_tokens, completion_tokens: 6 },
    });
    expect(new Set(frames.map((frame) => frame.id)).size).toBe(1);
  });

  it("streams several samples and prompts, with ids and running usage", async () => {
    const engine = await start();
    const { text } = await post(engine, "/v1/completions", {
      prompt: ["one two three four", "five"],
      n: 2,
      max_tokens: 3,
      ignore_eos: true,
      stream: true,
      return_token_ids: true,
      stream_options: { continuous_usage_stats: true },
    });
    const frames = events(text);
    expect(frames.length).toBe(12);
    for (const index of [0, 1, 2, 3]) {
      const own = frames.filter((frame) => frame.choices[0]!.index === index);
      expect(own.map((frame) => frame.usage.completion_tokens)).toEqual([1, 2, 3]);
      expect(own.map((frame) => frame.choices[0]!.prompt_token_ids !== null)).toEqual([true, false, false]);
    }
    expect(frames.at(-1)!.system_fingerprint).toBeDefined();
  });

  it("stops by itself where nothing asks for more", async () => {
    const engine = await start({ naturalOutputTokens: [4, 9] });
    const body = { prompt: "Hello there", max_tokens: 100 };
    const { choices, usage } = await postJson(engine, "/v1/completions", body);
    expect(choices[0]!.finish_reason).toBe("stop");
    expect(usage.completion_tokens).toBeGreaterThanOrEqual(4);
    expect(usage.completion_tokens).toBeLessThanOrEqual(9);
    const longer = await postJson(engine, "/v1/completions", { ...body, min_tokens: 20 });
    expect(longer.usage.completion_tokens).toBe(20);
    const cut = await postJson(engine, "/v1/completions", { ...body, max_tokens: 2 });
    expect(cut.choices[0]!.finish_reason).toBe("length");
  });

  it("tokenizes, detokenizes and renders what it would compute", async () => {
    const engine = await start();
    expect(await postJson(engine, "/tokenize", { prompt: "héé" })).toMatchObject({ count: 5, token_strs: null });
    expect(await postJson(engine, "/detokenize", { tokens: [104, 195, 169] })).toMatchObject({ prompt: "hé" });
    const messages = [{ role: "user", content: "Hi" }];
    const chat = await postJson(engine, "/tokenize", { messages });
    const rendered = await postJson(engine, "/v1/chat/completions/render", {
      messages,
      max_tokens: 3,
      cache_salt: "s",
    });
    expect(rendered.token_ids).toEqual(chat.tokens);
    expect(rendered).toMatchObject({ cache_salt: "s", model: "tiny", sampling_params: { max_tokens: 3 } });
    const two = await post(engine, "/v1/completions/render", { prompt: ["a", "b"] });
    expect(JSON.parse(two.text).map((one: { token_ids: number[] }) => one.token_ids)).toEqual([[97], [98]]);
    expect(engine.stats().steps).toBe(0);
  });

  it("tells its models, version, health and load in vLLM's words", async () => {
    const engine = await start({
      model: ["tiny", "also-tiny"],
      adapters: [{ name: "adapter-a", id: 1 }],
      dataParallelSize: 2,
    });
    await post(
      engine,
      "/v1/completions",
      { model: "also-tiny", prompt: tokens(40), max_tokens: 1 },
      { "x-data-parallel-rank": "1" },
    );
    const models = await get<{ data: { id: string; parent: string | null }[] }>(engine, "/v1/models");
    expect(models.data.map((one) => [one.id, one.parent])).toEqual([
      ["tiny", null],
      ["also-tiny", null],
      ["adapter-a", "tiny"],
    ]);
    expect(await (await fetch(`${engine.url}/version`)).json()).toEqual({ version: "0.32.0" });
    expect((await fetch(`${engine.url}/health`)).status).toBe(200);
    const lines = (await (await fetch(`${engine.url}/metrics`)).text()).split("\n");
    expect(lines).toContain('vllm:num_requests_running{engine="1",model_name="tiny"} 0.0');
    expect(lines).toContain('vllm:prefix_cache_queries_total{engine="0",model_name="tiny"} 0.0');
    expect(lines).toContain('vllm:prefix_cache_queries_total{engine="1",model_name="tiny"} 40.0');
    expect(lines).toContain('vllm:request_success_total{engine="1",finished_reason="length",model_name="tiny"} 1.0');
    expect(lines).toContain('vllm:time_to_first_token_seconds_count{engine="1",model_name="tiny"} 1.0');
    expect(
      lines.some((line) => /^vllm:cache_config_info\{block_size="16",.*engine="1".*num_gpu_blocks="512"/.test(line)),
    ).toBe(true);
  });

  it("reports load on request", async () => {
    const engine = await start();
    const headers = { "endpoint-load-metrics-format": "json" };
    const answer = await post(engine, "/v1/completions", { prompt: "Hi", max_tokens: 1 }, headers);
    expect(answer.headers.get("endpoint-load-metrics")).toBe(
      'JSON {"named_metrics": {"num_requests_waiting": 0.0, "kv_cache_usage_perc": 0.0}}',
    );
  });
});

describe("KV events of a simulated engine", () => {
  /** Copies of each block as a listener counts them from events. */
  function listen(engine: SimulatedEngine, rank = 0) {
    const copies = new Map<string, number>();
    const add = (words: EngineHashes, change: number): void => {
      for (let i = 0; i < words.length; i += 2) {
        const hash = ((BigInt(words[i + 1] as number) << 32n) | BigInt(words[i] as number)).toString();
        const left = (copies.get(hash) ?? 0) + change;
        if (left === 0) copies.delete(hash);
        else copies.set(hash, left);
      }
    };
    const subscription = subscribeKvEvents({
      address: rankAddress(engine.kvEvents as KvEventAddress, rank),
      source: { slot: 0, rank, model: "tiny" },
      sink: {
        apply: (_source, batch) => {
          for (const event of batch.events) {
            if (event.kind === "cleared") copies.clear();
            else add(event.blockHashes, event.kind === "stored" ? 1 : -1);
          }
        },
        reset: () => copies.clear(),
      },
      clock: createSystemClock(),
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    closing.push(() => subscription.close());
    return { copies, subscription };
  }

  async function held(engine: SimulatedEngine, rank = 0): Promise<Map<string, number>> {
    const { ranks } = await get<KvBlocks>(engine, "/debug/kv_blocks");
    return new Map(ranks[rank]?.blocks.map((block) => [block.hash, block.copies]));
  }

  it("let a listener know every copy of every block, evictions, copies, resets and lost batches included", async () => {
    const engine = await start({ blocks: 40, dataParallelSize: 2, timeScale: 0 });
    const ranks = [0, 1].map((rank) => listen(engine, rank));
    await until(() => ranks.every(({ subscription }) => subscription.state.connected));
    for (let i = 0; i < 40; i++) {
      if (i === 12) engine.dropEvents(2);
      if (i === 20) await postJson(engine, "/reset_prefix_cache", {});
      // Prompts of whole blocks come twice, so that their last block gets a copy; the small pool evicts in between.
      const prompt = i >> 2;
      const body = { prompt: tokens(64 + (prompt % 3) * 16, prompt * 31), max_tokens: 20, ignore_eos: true };
      await post(engine, "/v1/completions", body, { "x-data-parallel-rank": String(i % 2) });
    }
    for (const [rank, { copies, subscription }] of ranks.entries()) {
      const last = (engine.stats().eventBatches[rank] as number) - 1;
      await until(() => subscription.state.lastSequence === last);
      expect(copies).toEqual(await held(engine, rank));
      expect(copies.size).toBeGreaterThan(10);
    }
    expect([...ranks.flatMap(({ copies }) => [...copies.values()])].some((count) => count > 1)).toBe(true);
    expect(ranks[0]?.subscription.state.gaps).toBe(1);
  });

  it("start again at sequence 0 after a restart, with an empty cache", async () => {
    const engine = await start();
    await post(engine, "/v1/completions", { prompt: tokens(50), max_tokens: 1 });
    const { copies, subscription } = listen(engine);
    await until(() => copies.size === 3);
    const port = (address: string | undefined): number => Number(address?.split(":").at(-1));
    const { url, kvEvents } = engine;
    await engine.kill();
    const again = await start({
      port: port(url),
      kvEvents: { port: port(kvEvents?.publish), replayPort: port(kvEvents?.replay) },
    });
    await post(again, "/v1/completions", { prompt: tokens(20, 3), max_tokens: 1 });
    await until(() => copies.size === 1 && subscription.state.restarts === 1);
    expect(copies).toEqual(await held(again));
  });

  it("publishes vLLM's hashes, which the audit endpoint lists too", async () => {
    const engine = await start({ hashAlgorithm: "sha256_cbor", hashSeed: "0" });
    await post(engine, "/v1/completions", { prompt: tokens(50), max_tokens: 1 });
    const { ranks } = await get<KvBlocks>(engine, "/debug/kv_blocks");
    const blocks = createVllmBlocks({ algorithm: "sha256_cbor", seed: "0", blockSizeTokens: 16 });
    const request = { promptTokens: 50, outputTokens: 1, tokens: Uint32Array.from(tokens(50)) };
    const keys: string[] = [];
    for (let i = 0; i < 3; i++) keys.push(blocks.hashBlock(request, i, keys.at(-1)));
    const expected = keys.map((key) => ({
      hash: Buffer.from(digestOf(key)).readBigUInt64BE(24).toString(),
      copies: 1,
      tier: "gpu",
    }));
    expect(ranks).toEqual([{ rank: 0, blocks: expected }]);
  });

  it("resets only when idle", async () => {
    const engine = await start();
    await post(engine, "/v1/completions", { prompt: tokens(50), max_tokens: 1 });
    expect(await postJson(engine, "/reset_prefix_cache", {})).toMatchObject({ success: true });
    const { ranks } = await get<KvBlocks>(engine, "/debug/kv_blocks");
    expect(ranks[0]?.blocks).toEqual([]);
    const long = post(engine, "/v1/completions", { prompt: tokens(50), max_tokens: 40, ignore_eos: true });
    await until(() => engine.stats().runningRequests === 1);
    expect(await postJson(engine, "/reset_prefix_cache", {})).toMatchObject({ success: false });
    await long;
  });
});

describe("what goes wrong with a simulated engine", () => {
  it("frees the blocks of a client that leaves", async () => {
    const engine = await start();
    const stream = await openStream(engine, { prompt: tokens(50), max_tokens: 4000, ignore_eos: true, stream: true });
    await until(() => engine.stats().generatedTokens > 3);
    stream.destroy();
    await until(() => engine.stats().abortedRequests === 1);
    expect(engine.stats().runningRequests).toBe(0);
    expect(await (await fetch(`${engine.url}/metrics`)).text()).toContain(
      'finished_reason="abort",model_name="tiny"} 1.0',
    );
  });

  it("fails, cuts, refuses and stalls as told", async () => {
    const engine = await start();
    const body = { prompt: "Hi", max_tokens: 5, ignore_eos: true, stream: true };
    engine.setFailures({ errorRate: 1 });
    expect(await postJson(engine, "/v1/completions", body)).toMatchObject({
      status: 500,
      error: { type: "InternalServerError", code: 500 },
    });
    engine.setFailures({ cutRate: 1, cutAfterTokens: 2 });
    await expect(post(engine, "/v1/completions", body)).rejects.toThrow();
    engine.setFailures({ refuse: true });
    await expect(
      fetch(`${engine.url}/health`, { headers: { connection: "close" } }).then((one) => one.text()),
    ).rejects.toThrow();
    engine.setFailures({ stall: true });
    const stalled = post(engine, "/v1/completions", body);
    await until(() => engine.stats().runningRequests + engine.stats().waitingRequests === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(engine.stats().runningRequests + engine.stats().waitingRequests).toBe(1);
    engine.setFailures({});
    expect((await stalled).status).toBe(200);
  });

  it("breaks connections when it is killed, and starts again on the same ports", async () => {
    const engine = await start();
    const long = post(engine, "/v1/completions", { prompt: tokens(50), max_tokens: 4000, ignore_eos: true });
    await until(() => engine.stats().runningRequests === 1);
    const broken = expect(long).rejects.toThrow();
    await engine.kill();
    await broken;
    const { url, kvEvents } = engine;
    const port = (address: string | undefined): number => Number(address?.split(":").at(-1));
    const again = await start({
      port: port(url),
      kvEvents: { port: port(kvEvents?.publish), replayPort: port(kvEvents?.replay) },
    });
    expect(again.url).toBe(url);
    expect(again.kvEvents).toEqual(kvEvents);
  });

  it("names a port that is taken", async () => {
    const engine = await start();
    await expect(start({ port: Number(engine.url.split(":").at(-1)) })).rejects.toMatchObject({ code: "port_in_use" });
    await expect(start({ timeScale: -1 })).rejects.toMatchObject({ code: "invalid_configuration" });
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(condition()).toBe(true);
}

function openStream(engine: SimulatedEngine, body: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${engine.url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    request.on("response", (response) => {
      response.on("error", () => undefined);
      resolve(response);
    });
    request.on("error", reject);
    request.end(JSON.stringify(body));
  });
}
