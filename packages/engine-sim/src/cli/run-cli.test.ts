import { afterEach, describe, expect, it } from "vitest";
import type { SimulatedEngine } from "../http/start";
import { runCli } from "./run-cli";

let running: readonly SimulatedEngine[] = [];
afterEach(async () => {
  await Promise.all(running.map((engine) => engine.close()));
  running = [];
});

async function run(...args: string[]): Promise<string[]> {
  let out = "";
  running = await runCli(["node", "warmpath-sim", ...args], { write: (text) => (out += text), version: "1.2.3" });
  return out.trimEnd().split("\n");
}

describe("warmpath-sim", () => {
  it("prints a line for each engine, which then answers", async () => {
    const lines = await run("--port", "0", "--count", "2", "--model", "m", "--time-scale", "0", "--block-size", "8");
    expect(lines.length).toBe(2);
    for (const line of lines) {
      const [, url] = /^engine (http:\S+) events tcp:\S+ replay tcp:\S+$/.exec(line) ?? [];
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "Hello" }], max_tokens: 3 }),
      });
      expect(response.status).toBe(200);
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('block_size="8"');
    }
    expect(lines[0]).not.toBe(lines[1]);
  });

  it("publishes no events where none are wanted", async () => {
    expect((await run("--port", "0", "--no-kv-events"))[0]).toMatch(/^engine http:\/\/127\.0\.0\.1:\d+$/);
  });

  it("gives ranks of one engine consecutive event ports", async () => {
    await run("--port", "0", "--data-parallel-size", "2", "--time-scale", "0");
    const [engine] = running;
    expect(engine?.stats().eventBatches).toEqual([0, 0]);
  });
});
