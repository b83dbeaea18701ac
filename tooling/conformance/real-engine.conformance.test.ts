import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type SimulatedEngine, startSimulatedEngine } from "@warmpath/engine-sim";
import { createGateway, type Gateway } from "@warmpath/gateway";
import { type LocalTokenizer, loadTokenizer } from "@warmpath/tokenization";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenizerFolder, writeTinyModel } from "./tiny-model";
import { freePort, startVllm, type VllmOptions, type VllmServer } from "./vllm-server";

const installed = spawnSync(process.execPath, [join(import.meta.dirname, "install-vllm.mjs")], { encoding: "utf8" });
const bin = installed.status === 0 ? installed.stdout.trim().split("\n").at(-1)! : "";
const reason = installed.status === 0 ? "" : ` (skipped: ${installed.stderr.trim().split("\n").at(-1)})`;

const MODEL = "tiny";
const BLOCK = 32;

interface Message {
  readonly role: string;
  readonly content: string;
}

/** One answer, with what the gateway said of it. */
interface Answer {
  readonly status: number;
  readonly endpoint: string | null;
  readonly predicted: number;
  readonly cached: number;
  readonly promptTokens: number;
  readonly text: string;
}

describe.skipIf(bin === "")(`a real vLLM on the CPU, beside a simulated engine${reason}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "warmpath-vllm-"));
  let options: VllmOptions;
  let real: VllmServer;
  let simulated: SimulatedEngine;
  let gateway: Gateway;
  let tokenizer: LocalTokenizer;

  beforeAll(async () => {
    writeTinyModel(tokenizerFolder("qwen3"), join(folder, "model"));
    const ports = { http: await freePort(), events: await freePort(), replay: await freePort() };
    options = { bin, model: join(folder, "model"), servedName: MODEL, blockSizeTokens: BLOCK, hashSeed: "0", ports };
    real = await startVllm(options);
    tokenizer = await loadTokenizer({ source: options.model });
    simulated = await startSimulatedEngine({
      model: MODEL,
      tokenizer,
      blockSizeTokens: BLOCK,
      hashAlgorithm: "sha256_cbor",
      hashSeed: "0",
      timeScale: 0.1,
    });
    gateway = await startGateway();
  });
  afterAll(async () => {
    await gateway?.close();
    await simulated?.close();
    await real?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startGateway(): Promise<Gateway> {
    const started = await createGateway({
      port: 0,
      tokenizer,
      endpoints: [
        { id: "real", url: real.url, kvEvents: { publish: real.publish, replay: real.replay, topic: "" } },
        { id: "simulated", url: simulated.url, kvEvents: simulated.kvEvents },
      ],
    });
    await settled(started);
    return started;
  }

  /** Until both engines take requests and their events have arrived. */
  async function settled(of: Gateway): Promise<void> {
    for (let i = 0; i < 200; i++) {
      const reports = await of.audit();
      if (reports.length === 2 && reports.every(({ ready, connected }) => ready && connected)) return;
      await sleep(100);
    }
    throw new Error(`The gateway does not see both engines: ${JSON.stringify(await of.audit())}`);
  }

  async function chat(url: string, messages: readonly Message[], maxTokens = 6): Promise<Answer> {
    const answer = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-warmpath-explain": "1" },
      body: JSON.stringify({ model: MODEL, messages, max_tokens: maxTokens, temperature: 0 }),
    });
    const body = (await answer.json()) as {
      usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } | null };
      choices: [{ message: { content: string | null } }];
    };
    if (answer.status !== 200) throw new Error(`${answer.status}: ${JSON.stringify(body)}`);
    return {
      status: answer.status,
      endpoint: answer.headers.get("x-warmpath-endpoint"),
      predicted: Number(answer.headers.get("x-warmpath-predicted-cached-tokens")),
      cached: body.usage.prompt_tokens_details?.cached_tokens ?? 0,
      promptTokens: body.usage.prompt_tokens,
      text: body.choices[0].message.content ?? "",
    };
  }

  function firstMessages(name: string): Message[] {
    const rules = Array.from({ length: 60 }, (_, i) => `Rule ${i} of ${name}: answer question ${i * 7} briefly.`);
    return [{ role: "system", content: rules.join(" ") }];
  }

  /** Holds a conversation of `turns` turns; returns every answer. */
  async function converse(name: string, turns: number): Promise<{ answers: Answer[]; messages: Message[] }> {
    const messages = firstMessages(name);
    const answers: Answer[] = [];
    for (let turn = 0; turn < turns; turn++) {
      messages.push({ role: "user", content: `Turn ${turn} of ${name}: which colour has number ${turn * 13}?` });
      const answer = await chat(gateway.url, messages);
      answers.push(answer);
      messages.push({ role: "assistant", content: answer.text });
      await sleep(150);
    }
    return { answers, messages };
  }

  function expectExact(answers: readonly Answer[]): void {
    expect(answers.map(({ cached }) => cached)).toEqual(answers.map(({ predicted }) => predicted));
    expect(new Set(answers.map(({ endpoint }) => endpoint)).size).toBe(1);
    for (const [turn, { cached }] of answers.entries()) if (turn > 0) expect(cached).toBeGreaterThan(BLOCK);
  }

  it("counts a chat's tokens as the engine does", async () => {
    const messages = [...firstMessages("count"), { role: "user", content: "Größe, 数字 and emoji 🙂?" }];
    const { promptTokens } = await chat(real.url, messages);
    expect(tokenizer.encode(tokenizer.renderChat({ messages }).text, { addSpecialTokens: false }).length).toBe(
      promptTokens,
    );
  });

  it("keeps five turns on the engine that holds them, and predicts cached tokens exactly", async () => {
    const endpoints = new Set<string | null>();
    for (let i = 0; i < 6; i++) {
      const { answers } = await converse(`talk ${i}`, 5);
      expectExact(answers);
      endpoints.add(answers[0]!.endpoint);
    }
    expect([...endpoints].sort()).toEqual(["real", "simulated"]);
  });

  it("has an index that equals what the real engine reports when probed", async () => {
    for (let i = 0; i < 4; i++) {
      const { messages } = await converse(`probe ${i}`, 2);
      const probe = [...messages, { role: "user", content: "And now?" }];
      const decision = await chat(gateway.url, probe, 1);
      await sleep(150);
      const repeated = await chat(decision.endpoint === "real" ? real.url : simulated.url, probe, 1);
      const again = await chat(gateway.url, probe, 1);
      expect(decision.cached).toBe(decision.predicted);
      expect(again.predicted).toBe(repeated.cached);
    }
  });

  it("agrees with the simulated engine's own list of blocks", async () => {
    await sleep(300);
    const report = (await gateway.audit()).find(({ endpointId }) => endpointId === "simulated");
    expect(report).toMatchObject({ audited: true, missing: 0, surplus: 0 });
    expect(report!.agreeing).toBeGreaterThan(10);
  });

  it("survives a restart of the real engine", async () => {
    await real.stop();
    const meanwhile = await chat(gateway.url, [
      ...firstMessages("meanwhile"),
      { role: "user", content: "Still there?" },
    ]);
    expect(meanwhile.endpoint).toBe("simulated");
    real = await startVllm(options);
    await settled(gateway);
    await sleep(3000);
    const endpoints = new Set<string | null>();
    for (let i = 0; i < 6; i++) {
      const { answers } = await converse(`after ${i}`, 3);
      expectExact(answers);
      endpoints.add(answers[0]!.endpoint);
    }
    expect(endpoints).toContain("real");
  });

  it("knows what the engines hold when it starts late", async () => {
    const { messages, answers } = await converse("late", 3);
    await gateway.close();
    gateway = await startGateway();
    await sleep(1000);
    const answer = await chat(gateway.url, [...messages, { role: "user", content: "Do you remember?" }]);
    expect(answer.endpoint).toBe(answers[0]!.endpoint);
    expect(answer.cached).toBe(answer.predicted);
    expect(answer.cached).toBeGreaterThan(BLOCK);
  });
});
