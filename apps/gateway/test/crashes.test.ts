import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { call, startGateway } from "./harness";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

interface CrashingEngine {
  readonly url: string;
  /** Deadly requests that it received. */
  deadly: number;
}

/** An engine that dies, its port with it, when a prompt says so; answers everything else and keeps connections open. */
async function startCrashingEngine(): Promise<CrashingEngine> {
  const engine = { url: "", deadly: 0 };
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (body.includes("die now")) {
      engine.deadly++;
      server.close().closeAllConnections();
      return;
    }
    response.setHeader("content-type", "application/json");
    response.end(request.url === "/v1/models" ? '{"object":"list","data":[{"id":"fake","object":"model"}]}' : "{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return Object.assign(engine, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const chat = (content: string): string => JSON.stringify({ model: "fake", messages: [{ role: "user", content }] });

describe("a request that kills engines", () => {
  it("is given to one other engine at most, over kept connections too", async () => {
    const engines = await Promise.all(Array.from({ length: 4 }, startCrashingEngine));
    const gateway = await startGateway(engines, { policy: "round-robin" });
    for (let i = 0; i < 8; i++) expect((await call(gateway, { body: chat(`warm ${i}`) })).status).toBe(200);
    const { status, body } = await call(gateway, { body: chat("die now") });
    expect([status, JSON.parse(body.toString()).error.code]).toEqual([502, "upstream_cut"]);
    expect(engines.reduce((sum, { deadly }) => sum + deadly, 0)).toBe(2);
    expect((await call(gateway, { body: chat("still there?") })).status).toBe(200);
  });
});
