import { startSimulatedEngine } from "@warmpath/engine-sim";
import { describe, expect, it } from "vitest";
import { serve } from "../src/command/serve";
import { silentLogger } from "../src/silent-logger";
import { pause } from "./fake-engine";
import { call, closeAfterTest, json, startGateway } from "./harness";

interface Turn {
  readonly role: string;
  readonly content: string;
}

/** One turn of a chat; what was predicted and what the engine reported. */
async function turn(gateway: { url: string }, model: string, messages: readonly Turn[]) {
  const body = JSON.stringify({ model, messages, max_tokens: 40 });
  const headers = { "content-type": "application/json", "x-warmpath-explain": "1" };
  const result = await call(gateway, { body, headers });
  if (result.status !== 200) throw new Error(result.body.toString());
  const answer = json(result) as {
    choices: [{ message: Turn }];
    usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } };
  };
  return {
    endpoint: result.headers["x-warmpath-endpoint"],
    degraded: result.headers["x-warmpath-degraded"],
    predicted: Number(result.headers["x-warmpath-predicted-cached-tokens"]),
    promptTokens: [Number(result.headers["x-warmpath-prompt-tokens"]), answer.usage.prompt_tokens],
    cached: answer.usage.prompt_tokens_details.cached_tokens,
    reply: answer.choices[0].message,
  };
}

async function converse(gateway: { url: string }, model: string, user: string): Promise<void> {
  const messages: Turn[] = [{ role: "system", content: `You help ${user}. `.repeat(30) }];
  const places = new Set<unknown>();
  for (let i = 0; i < 5; i++) {
    messages.push({ role: "user", content: `${user} asks question number ${i}, at some length, of the assistant.` });
    const seen = await turn(gateway, model, messages);
    places.add(seen.endpoint);
    expect(seen.promptTokens[0]).toBe(seen.promptTokens[1]);
    expect(seen.predicted).toBe(seen.cached);
    if (i > 0) expect(seen.cached).toBeGreaterThan(100);
    messages.push({ role: "assistant", content: seen.reply.content });
    // The blocks of the answer's last tokens are announced with the step after it.
    await pause(100);
  }
  expect(places.size).toBe(1);
}

describe("before engines that publish their blocks", () => {
  it("a conversation stays where its prefix is, and predictions equal what engines report", async () => {
    const engines = await Promise.all(
      Array.from({ length: 8 }, () => startSimulatedEngine({ model: "m", timeScale: 0.02 })),
    );
    for (const engine of engines) closeAfterTest(() => engine.close());
    const endpoints = engines.map(({ url, kvEvents }) => ({ url, kvEvents }));
    const gateway = await startGateway(engines, { endpoints, tokenizer: "simulated" });
    for (const user of ["ann", "bob", "cem"]) await converse(gateway, "m", user);
  });

  it("the engines' own render endpoints tokenize where no tokenizer is named", async () => {
    const engines = await Promise.all([0, 1].map(() => startSimulatedEngine({ model: "m", timeScale: 0.02 })));
    for (const engine of engines) closeAfterTest(() => engine.close());
    const endpoints = engines.map(({ url, kvEvents }) => ({ url, kvEvents }));
    const gateway = await startGateway(engines, { endpoints, tokenizer: "auto" });
    await converse(gateway, "m", "dov");
  });
});

describe("warmpath serve --simulate", () => {
  it("serves engines of its own", async () => {
    const served = await serve({ simulate: 2, port: 0, logLevel: "silent" }, silentLogger);
    closeAfterTest(() => served.close());
    while ((await call(served, { method: "GET", path: "/ready" })).status !== 200) await pause(5);
    const models = json(await call(served, { method: "GET", path: "/v1/models" })) as { data: { id: string }[] };
    expect(models.data.map(({ id }) => id)).toEqual(["simulated"]);
    expect(served.lonely).toBe(false);
    const { promptTokens } = await turn(served, "simulated", [{ role: "user", content: "Hello there." }]);
    expect(promptTokens[0]).toBe(promptTokens[1]);
  });
});
