import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What the test engine answers; changed by tests while it runs. */
export interface EngineAnswers {
  models: readonly object[] | undefined;
  health: number;
  metrics: string | undefined;
}

export interface TestEngine {
  readonly url: string;
  readonly port: number;
  readonly answers: EngineAnswers;
  /** Paths asked for, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A real HTTP server with the three paths that a fleet asks for. */
export async function startTestEngine(answers: Partial<EngineAnswers> = {}, port = 0): Promise<TestEngine> {
  const state: EngineAnswers = { models: [{ id: "m" }], health: 200, metrics: "", ...answers };
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const [status, body] = answer(state, request.url);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    answers: state,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(state: EngineAnswers, path: string | undefined): [number, string] {
  if (path === "/health") return [state.health, ""];
  if (path === "/v1/models" && state.models) return [200, JSON.stringify({ object: "list", data: state.models })];
  if (path === "/metrics" && state.metrics !== undefined) return [200, state.metrics];
  return [404, "{}"];
}
