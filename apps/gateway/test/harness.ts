import { type Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { afterEach } from "vitest";
import { createGateway, type Gateway, type GatewayOptions } from "../src/index";
import { type FakeEngine, pause, startFakeEngine } from "./fake-engine";

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Closes something at the end of the test. */
export function closeAfterTest(close: () => Promise<void>): void {
  open.push(close);
}

/** Starts engines; they are closed at the end of the test. */
export async function startEngines(count: number): Promise<FakeEngine[]> {
  const engines = await Promise.all(Array.from({ length: count }, () => startFakeEngine()));
  for (const engine of engines) open.push(() => engine.close());
  return engines;
}

/** Starts a gateway before engines and waits until `ready` of them are known ready; closed at the end of the test. */
export async function startGateway(
  engines: readonly { readonly url: string }[],
  options: GatewayOptions = {},
  ready = engines.length,
): Promise<Gateway> {
  const gateway = await createGateway({
    port: 0,
    drainTimeoutMs: 0,
    tokenizer: "estimate",
    endpoints: engines.map(({ url }) => ({ url })),
    ...options,
  });
  open.push(() => gateway.close());
  while ((await readyEndpoints(gateway)) < ready) await pause(5);
  return gateway;
}

/** Endpoints that the gateway knows to be ready. */
export async function readyEndpoints(gateway: { readonly url: string }): Promise<number> {
  const text = (await call(gateway, { method: "GET", path: "/metrics" })).body.toString();
  return Number(/^warmpath_fleet_ready_endpoints (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** What a client asks. */
export interface CallOptions {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

/** What a client got. */
export interface CallResult {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** The connection broke before the answer was whole. */
  readonly broken: boolean;
}

/** Sends one request with Node's own client. */
export function call(gateway: { readonly url: string }, options: CallOptions = {}): Promise<CallResult> {
  const { method = "POST", path = "/v1/chat/completions", body, headers, agent } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(gateway.url + path, { method, headers: headers ?? {}, ...(agent ? { agent } : {}) });
    request.on("error", reject);
    request.on("response", (answer) => {
      const parts: Buffer[] = [];
      const done = (broken: boolean): void =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          rawHeaders: answer.rawHeaders,
          body: Buffer.concat(parts),
          broken,
        });
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => done(false));
      answer.on("error", () => done(true));
    });
    request.end(body);
  });
}

/** A chat body. */
export function chat(fields: object = {}): string {
  return JSON.stringify({ model: "fake", messages: [{ role: "user", content: "hi" }], ...fields });
}

/** The JSON of an answer. */
export function json(result: CallResult): Record<string, unknown> {
  return JSON.parse(result.body.toString()) as Record<string, unknown>;
}

/** The error of an answer in OpenAI's shape. */
export function errorOf(result: CallResult): { message: string; type: string; param: string | null; code: string } {
  const { error } = json(result) as { error: { message: string; type: string; param: string | null; code: string } };
  return error;
}

/** Waits until `check` holds. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await pause(1);
}
