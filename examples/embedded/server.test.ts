import { setTimeout as sleep } from "node:timers/promises";
import { type SimulatedEngine, startSimulatedEngine } from "@warmpath/engine-sim";
import { createSimulatedTokenizer } from "@warmpath/tokenization";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EmbeddedServer, serve } from "./server.mjs";

const engines: SimulatedEngine[] = [];
let server: EmbeddedServer;

beforeAll(async () => {
  for (let i = 0; i < 3; i++) engines.push(await startSimulatedEngine({ model: "demo", timeScale: 0.01 }));
  server = await serve({
    endpoints: engines.map(({ url, kvEvents }) => ({ url, kvEvents })),
    tokenizer: createSimulatedTokenizer(),
  });
  while (server.fleet.candidatesFor("demo").length < 3) await sleep(20);
});
afterAll(async () => {
  await server.close();
  await Promise.all(engines.map((engine) => engine.close()));
});

interface Chat {
  readonly engine: string | null;
  readonly usage: {
    readonly prompt_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
  };
  readonly text: string;
}

async function chat(messages: readonly { role: string; content: string }[]): Promise<Chat> {
  const answer = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "demo", messages, max_tokens: 8 }),
  });
  expect(answer.status).toBe(200);
  const body = (await answer.json()) as { usage: Chat["usage"]; choices: [{ message: { content: string } }] };
  return { engine: answer.headers.get("x-engine"), usage: body.usage, text: body.choices[0].message.content };
}

describe("the embedded server", () => {
  it("sends every turn of a conversation to the engine that holds the turn before", async () => {
    const messages = [{ role: "system", content: "You are a patient teacher of geography. ".repeat(40) }];
    const seen = new Set<string | null>();
    let previous = 0;
    for (let turn = 0; turn < 4; turn++) {
      messages.push({ role: "user", content: `Question ${turn}: which river is the longest?` });
      const { engine, usage, text } = await chat(messages);
      seen.add(engine);
      if (turn > 0) expect(usage.prompt_tokens_details.cached_tokens).toBeGreaterThanOrEqual(previous - 16);
      previous = usage.prompt_tokens;
      messages.push({ role: "assistant", content: text });
    }
    expect(seen.size).toBe(1);
  });

  it("answers a bad body and an unknown model in OpenAI's shape", async () => {
    const send = async (body: string): Promise<{ status: number; code: unknown }> => {
      const answer = await fetch(`${server.url}/v1/chat/completions`, { method: "POST", body });
      return { status: answer.status, code: ((await answer.json()) as { error: { code: unknown } }).error.code };
    };
    expect(await send("{")).toEqual({ status: 400, code: "invalid_json" });
    const unknown = JSON.stringify({ model: "other", messages: [{ role: "user", content: "hello" }] });
    expect(await send(unknown)).toEqual({ status: 404, code: "model_not_found" });
  });
});
