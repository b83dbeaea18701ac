import { startSimulatedEngine } from "@warmpath/engine-sim";
import { describe, expect, it } from "vitest";
import { serve } from "../src/command/serve";
import { silentLogger } from "../src/silent-logger";
import { pause } from "./fake-engine";
import { call, closeAfterTest, json, readyEndpoints, startGateway } from "./harness";

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

describe("when processes come and go", () => {
  it("a gateway that starts late learns what engines hold", async () => {
    const engines = await Promise.all([0, 1, 2].map(() => startSimulatedEngine({ model: "m", timeScale: 0.02 })));
    for (const engine of engines) closeAfterTest(() => engine.close());
    const endpoints = engines.map(({ url, kvEvents }) => ({ url, kvEvents }));
    const early = await startGateway(engines, { endpoints, tokenizer: "simulated" });
    const messages: Turn[] = [{ role: "system", content: "You know a lot of things. ".repeat(40) }];
    messages.push({ role: "user", content: "Tell me one." });
    const first = await turn(early, "m", messages);
    await early.close();
    const late = await startGateway(engines, { endpoints, tokenizer: "simulated" });
    await untilIndexed(late);
    const again = await turn(late, "m", messages);
    expect([again.endpoint, again.predicted]).toEqual([first.endpoint, again.cached]);
    expect(again.cached).toBeGreaterThan(200);
  });

  it("a killed engine fails no request, and comes back with an empty cache", async () => {
    const start = (port = 0, kvEvents = {}) => startSimulatedEngine({ model: "m", timeScale: 0.02, port, kvEvents });
    const engines = await Promise.all([start(), start()]);
    for (const engine of engines) closeAfterTest(() => engine.close());
    const endpoints = engines.map(({ url, kvEvents }) => ({ url, kvEvents }));
    const gateway = await startGateway(engines, { endpoints, tokenizer: "simulated" });
    const messages: Turn[] = [{ role: "system", content: "You are restarted now and then. ".repeat(40) }];
    messages.push({ role: "user", content: "Are you?" });
    const before = await turn(gateway, "m", messages);
    const at = engines.findIndex(({ url }) => url.endsWith(String(before.endpoint)));
    const victim = engines[at]!;
    await victim.kill();
    for (let i = 0; i < 5; i++) expect((await turn(gateway, "m", messages)).endpoint).not.toBe(before.endpoint);
    const portOf = (address: string | undefined): number => Number(address?.split(":").at(-1));
    const { publish, replay } = victim.kvEvents!;
    const back = await start(portOf(victim.url), { port: portOf(publish), replayPort: portOf(replay) });
    closeAfterTest(() => back.close());
    // The other engine holds the prefix now; take it away, so that the one that came back must serve.
    while ((await readyEndpoints(gateway)) < 2) await pause(10);
    await engines[1 - at]!.kill();
    const after = await turn(gateway, "m", messages);
    expect([after.endpoint, after.cached]).toEqual([before.endpoint, 0]);
    await pause(200);
    const again = await turn(gateway, "m", messages);
    expect(again.predicted).toBe(again.cached);
    expect(again.cached).toBeGreaterThan(200);
  });
});

async function untilIndexed(gateway: { url: string }): Promise<void> {
  for (;;) {
    const text = (await call(gateway, { method: "GET", path: "/metrics" })).body.toString();
    if (/^warmpath_kv_index_blocks [1-9]/m.test(text)) return;
    await pause(10);
  }
}

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
