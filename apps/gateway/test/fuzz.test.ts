import { Agent } from "node:http";
import { describe, expect, it } from "vitest";
import { call, chat, errorOf, startEngines, startGateway, until } from "./harness";
import { rawClient } from "./raw-sockets";

/** Small, seeded, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SEEDS = [
  chat(),
  chat({ stream: true, stream_options: { include_usage: true }, kv_transfer_params: { a: [1, { b: "c" }] } }),
  JSON.stringify({
    model: "fake",
    messages: [{ role: "user", content: [{ type: "text", text: "é\u2028\ud83d\ude00" }] }],
    tools: [],
  }),
  '{"messages":[{"content":"\\u00e9\\ud83d\\ude00","role":"user"}],"model":"fake","max_tokens":1e3,"priority":-1}',
].map((text) => Buffer.from(text));

const PIECES = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\\",
  "\\u",
  "null",
  "1e999",
  "-",
  "\0",
  "\xff",
  "\ufeff",
  '"model":1,',
].map((text) => Buffer.from(text, "latin1"));

function mutate(random: () => number): Buffer {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  let body = Buffer.from(pick(SEEDS));
  for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
    const at = Math.floor(random() * (body.length + 1));
    const kind = random();
    if (kind < 0.25) body = body.subarray(0, at);
    else if (kind < 0.5) body = Buffer.concat([body.subarray(0, at), pick(PIECES), body.subarray(at)]);
    else if (kind < 0.75)
      body = Buffer.concat([body.subarray(0, at), body.subarray(at + 1 + Math.floor(random() * 8))]);
    else if (body.length > 0) {
      body = Buffer.from(body);
      body[Math.min(at, body.length - 1)] = Math.floor(random() * 256);
    }
  }
  return body;
}

describe("bad input", () => {
  it("10,000 fuzzed bodies: each answered, none a defect, and the next good one served", {
    timeout: 60_000,
  }, async () => {
    const [engine] = await startEngines(1);
    const gateway = await startGateway([engine!]);
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const random = randomFrom(7);
    const seen = new Map<number, number>();
    const worker = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const result = await call(gateway, { body: mutate(random), agent });
        seen.set(result.status, (seen.get(result.status) ?? 0) + 1);
        if (result.status >= 400) expect(errorOf(result).type).toBe("invalid_request_error");
      }
    };
    await Promise.all(Array.from({ length: 8 }, () => worker(1250)));
    expect([...seen.keys()].sort()).toEqual([200, 400, 404]);
    expect([...seen.values()].reduce((a, b) => a + b)).toBe(10_000);
    expect(seen.get(400)).toBeGreaterThan(2000);
    const good = await call(gateway, { body: chat(), agent });
    expect(good.status).toBe(200);
    expect(engine!.requests.at(-1)!.body.toString()).toBe(chat());
    const metrics = (await call(gateway, { method: "GET", path: "/metrics", agent })).body.toString();
    for (const [status, count] of seen) {
      expect(metrics).toContain(
        `warmpath_gateway_answers_total{status="${status}"} ${count + (status === 200 ? 1 : 0)}`,
      );
    }
    agent.destroy();
  });

  it("1,000 fuzzed connections: none takes the gateway down or reaches an engine by a smuggled request", async () => {
    const [engine] = await startEngines(1);
    const gateway = await startGateway([engine!]);
    const random = randomFrom(11);
    const body = chat();
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nX-A: b\r\n\r\n`;
    for (let round = 0; round < 50; round++) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const bytes = Buffer.from(head + body, "latin1");
          for (let n = 1 + Math.floor(random() * 3); n > 0; n--) {
            bytes[Math.floor(random() * head.length)] = Math.floor(random() * 256);
          }
          const socket = await rawClient(gateway.port);
          socket.end(bytes);
          socket.resume();
          await new Promise((resolve) => socket.once("close", resolve));
        }),
      );
    }
    for (const { body: received } of engine!.requests) expect(body.startsWith(received.toString())).toBe(true);
    await until(() => true);
    expect((await call(gateway, { body })).status).toBe(200);
  });
});
