import { setTimeout as sleep } from "node:timers/promises";
import { type SimulatedEngine, startSimulatedEngine } from "@warmpath/engine-sim";
import { afterEach, describe, expect, it } from "vitest";
import { createGateway, type Gateway } from "../src/index";

const MODEL = "demo";
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});

/** Ports of an engine that is started again where it was. */
interface Ports {
  readonly port: number;
  readonly events: number;
  readonly replay: number;
}

async function startEngine(ports?: Ports): Promise<SimulatedEngine> {
  const engine = await startSimulatedEngine({
    model: MODEL,
    timeScale: 0.01,
    blocks: 400,
    ...(ports && { port: ports.port }),
    kvEvents: ports ? { port: ports.events, replayPort: ports.replay } : {},
  });
  open.push(engine);
  return engine;
}

function portsOf(engine: SimulatedEngine): Ports {
  const port = (address: string | undefined): number => Number(address?.split(":").at(-1));
  return {
    port: port(engine.url),
    events: port(engine.kvEvents?.publish),
    replay: port(engine.kvEvents?.replay),
  };
}

async function startGateway(engines: readonly SimulatedEngine[]): Promise<Gateway> {
  const endpoints = engines.map(({ url, kvEvents }) => ({ url, kvEvents }));
  const gateway = await createGateway({ port: 0, tokenizer: "simulated", endpoints });
  open.push(gateway);
  await until(async () => (await gateway.audit()).every(({ ready, connected }) => ready && connected));
  return gateway;
}

async function until(holds: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(25)) if (await holds()) return;
  throw new Error(`did not come true within ${timeoutMs} ms: ${holds}`);
}

/** True once every block of every engine is in the index, with its copies, and no other. */
async function agrees(gateway: Gateway): Promise<boolean> {
  const reports = await gateway.audit();
  return reports.every(({ audited, missing, surplus }) => audited && missing === 0 && surplus === 0);
}

interface Answer {
  readonly endpoint: string | null;
  readonly predicted: number;
  readonly cached: number;
  readonly text: string;
}

async function chat(gateway: Gateway, messages: readonly object[]): Promise<Answer> {
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-warmpath-explain": "1" },
    body: JSON.stringify({ model: MODEL, messages, max_tokens: 20 }),
  });
  const text = await answer.text();
  expect({ status: answer.status, text }).toMatchObject({ status: 200 });
  const { usage, choices } = JSON.parse(text) as {
    usage: { prompt_tokens_details: { cached_tokens: number } };
    choices: [{ message: { content: string } }];
  };
  return {
    endpoint: answer.headers.get("x-warmpath-endpoint"),
    predicted: Number(answer.headers.get("x-warmpath-predicted-cached-tokens")),
    cached: usage.prompt_tokens_details.cached_tokens,
    text: choices[0].message.content,
  };
}

/** One conversation, turn after turn; between turns it waits for `settled`. */
async function converse(
  gateway: Gateway,
  name: string,
  turns: number,
  settled: () => Promise<unknown> = () => sleep(30),
): Promise<Answer[]> {
  const messages: object[] = [{ role: "system", content: `You know all about ${name}. `.repeat(30) }];
  const answers: Answer[] = [];
  for (let turn = 0; turn < turns; turn++) {
    messages.push({ role: "user", content: `Turn ${turn}: tell me more about ${name}, please, in some detail.` });
    answers.push(await chat(gateway, messages));
    messages.push({ role: "assistant", content: answers.at(-1)!.text });
    await settled();
  }
  return answers;
}

const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix} ${i}`);

describe("a gateway over eight engines", () => {
  it("keeps a conversation where its prefix is, and predicts cached tokens exactly", async () => {
    const gateway = await startGateway(await Promise.all(Array.from({ length: 8 }, () => startEngine())));
    // Exact means: once the events of the turn before have arrived.
    const settled = (): Promise<void> => until(() => agrees(gateway));
    const talks: Answer[][] = [];
    for (const name of names("river", 10)) talks.push(await converse(gateway, name, 5, settled));
    for (const answers of talks) {
      expect(new Set(answers.map(({ endpoint }) => endpoint)).size).toBe(1);
      expect(answers.map(({ cached }) => cached)).toEqual(answers.map(({ predicted }) => predicted));
      for (const { cached } of answers.slice(1)) expect(cached).toBeGreaterThan(100);
    }
    expect(new Set(talks.map(([first]) => first!.endpoint)).size).toBeGreaterThan(4);
  });
});

describe("a gateway under faults", () => {
  it("serves every request while an engine dies and comes back, and knows its blocks afterwards", async () => {
    const engines = [await startEngine(), await startEngine(), await startEngine()];
    const gateway = await startGateway(engines);
    await Promise.all(names("before", 6).map((name) => converse(gateway, name, 2)));
    const ports = portsOf(engines[0]!);
    const talks = names("during", 6).map((name) => converse(gateway, name, 6));
    await engines[0]!.kill();
    await sleep(300);
    await startEngine(ports);
    await Promise.all(talks);
    // The engine that came back takes requests again once its pause is over.
    let round = 0;
    await until(async () => {
      await Promise.all(names(`after ${round++}`, 6).map((name) => converse(gateway, name, 2)));
      return (await gateway.audit()).every(({ agreeing }) => agreeing > 0);
    });
    await until(() => agrees(gateway));
  });

  it("finds events that were lost on the way, through evictions too", async () => {
    const engines = [await startEngine(), await startEngine()];
    const gateway = await startGateway(engines);
    for (const name of names("lost", 12)) {
      for (const engine of engines) engine.dropEvents(1);
      await converse(gateway, name, 3);
    }
    await until(() => agrees(gateway));
    expect((await gateway.audit()).every(({ degraded }) => !degraded)).toBe(true);
  });

  it("learns what engines hold when it starts late", async () => {
    const engines = [await startEngine(), await startEngine()];
    const early = await startGateway(engines);
    await Promise.all(names("old", 8).map((name) => converse(early, name, 3)));
    const late = await startGateway(engines);
    await until(() => agrees(late));
    expect((await late.audit()).some(({ agreeing }) => agreeing > 50)).toBe(true);
    const answers = await converse(late, "old 3", 2, () => until(() => agrees(late)));
    expect(answers[0]!.cached).toBeGreaterThan(100);
    expect(answers.map(({ cached }) => cached)).toEqual(answers.map(({ predicted }) => predicted));
  });
});
