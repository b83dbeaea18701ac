import { describe, expect, it } from "vitest";
import { call, chat, startEngines, startGateway } from "./harness";

const LONG = "All work and no play makes a long system prompt. ".repeat(40);
const body = (turn: string): string =>
  chat({
    messages: [
      { role: "system", content: LONG },
      { role: "user", content: turn },
    ],
  });

describe("x-warmpath-explain", () => {
  it("tells endpoint, reason and prediction on the answer, errors of the engine included", async () => {
    const engines = await startEngines(2);
    const gateway = await startGateway(engines);
    const first = await call(gateway, { body: body("a"), headers: { "x-warmpath-explain": "1" } });
    const endpoint = first.headers["x-warmpath-endpoint"];
    expect(engines.map(({ url }) => url.slice("http://".length))).toContain(endpoint);
    expect(first.headers["x-warmpath-reason"]).toBeTruthy();
    expect(first.headers["x-warmpath-degraded"]).toContain("no-tokenizer");
    expect(Number(first.headers["x-warmpath-prompt-tokens"])).toBeGreaterThan(400);
    const candidates = JSON.parse(String(first.headers["x-warmpath-candidates"])) as { endpointId: string }[];
    expect(candidates.map(({ endpointId }) => endpointId).sort()).toEqual(
      engines.map(({ port }) => `127.0.0.1:${port}`).sort(),
    );
    for (const engine of engines) engine.behaviour.status = 429;
    const limited = await call(gateway, { body: body("a"), headers: { "x-warmpath-explain": "1" } });
    expect([limited.status, limited.headers["x-warmpath-endpoint"]]).toEqual([429, endpoint]);
  });

  it("adds nothing when it is not asked for", async () => {
    const engines = await startEngines(1);
    const gateway = await startGateway(engines);
    const result = await call(gateway, { body: body("a"), headers: { "x-warmpath-explain": "0" } });
    expect(Object.keys(result.headers).filter((name) => name.startsWith("x-warmpath"))).toEqual([]);
  });

  it("keeps a conversation on the engine that has its prefix", async () => {
    const engines = await startEngines(4);
    const gateway = await startGateway(engines);
    for (const user of ["ann", "bob", "cem", "dov"]) {
      const prompt = (turns: number): string =>
        chat({
          messages: [
            { role: "system", content: user.repeat(400) },
            ...Array.from({ length: turns }, (_, i) => ({ role: "user", content: `${user} ${i}` })),
          ],
        });
      const places = new Set<unknown>();
      for (let turns = 1; turns <= 5; turns++) {
        const result = await call(gateway, { body: prompt(turns), headers: { "x-warmpath-explain": "1" } });
        places.add(result.headers["x-warmpath-endpoint"]);
      }
      expect(places.size).toBe(1);
    }
    expect(engines.filter(({ requests }) => requests.length > 0).length).toBeGreaterThan(1);
  });
});
