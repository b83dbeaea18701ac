import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** One model request as an engine received it. */
export interface SeenRequest {
  readonly path: string;
  /** Names and values as received, alternating. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** Clock time at which the gateway closed the connection before the answer was over. */
  abortedAtMs: number | undefined;
}

/** How an engine behaves from now on. */
export interface Behaviour {
  status: number;
  /** Wait before the first byte. */
  holdMs: number;
  /** Wait between two events of a stream. */
  gapMs: number;
  events: number;
  /** Cut the connection after this many events, or in the middle of the head with 0. */
  cutAfter: number | undefined;
  /** Cut inside an event: half of it is sent. */
  cutInside: boolean;
  /** Close the connection of a model request before answering. */
  hangUp: boolean;
  /** Bytes of the text of one event. */
  eventBytes: number;
  cachedTokens: number;
}

/** An OpenAI-compatible engine on a real socket that answers from a script. */
export interface FakeEngine {
  readonly url: string;
  readonly port: number;
  readonly requests: SeenRequest[];
  readonly behaviour: Behaviour;
  /** Bytes of the last stream, as written. */
  readonly streamed: string;
  close(): Promise<void>;
}

const CARD = { id: "fake", object: "model", owned_by: "vllm", max_model_len: 8192, root: "/models/fake" };

/** The event number `i` of a stream. */
export function eventText(i: number, bytes = 5): string {
  return `data: {"id":"c1","object":"chat.completion.chunk","model":"fake","choices":[{"index":0,"delta":{"content":"${"é".repeat(bytes)}${i}","reasoning_content":null},"logprobs":null,"finish_reason":null,"token_ids":[9007199254740993]}]}\n\n`;
}

/** Starts an engine; `port` 0 takes a free one. */
export async function startFakeEngine(options: { port?: number; card?: object } = {}): Promise<FakeEngine> {
  const requests: SeenRequest[] = [];
  const behaviour: Behaviour = {
    status: 200,
    holdMs: 0,
    gapMs: 0,
    events: 3,
    cutAfter: undefined,
    cutInside: false,
    hangUp: false,
    eventBytes: 5,
    cachedTokens: 0,
  };
  const state = { streamed: "" };
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    void answer(request, response, { requests, behaviour, state, card: options.card ?? CARD });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    behaviour,
    get streamed() {
      return state.streamed;
    },
    close: () => closeServer(server, sockets),
  };
}

function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.resetAndDestroy();
  });
}

interface Shared {
  readonly requests: SeenRequest[];
  readonly behaviour: Behaviour;
  readonly state: { streamed: string };
  readonly card: object;
}

const METRICS =
  'vllm:num_requests_running{engine="0",model_name="fake"} 0\nvllm:num_requests_waiting{engine="0",model_name="fake"} 0\n';

async function answer(request: IncomingMessage, response: ServerResponse, shared: Shared): Promise<void> {
  const parts: Buffer[] = [];
  try {
    for await (const part of request) parts.push(part as Buffer);
  } catch {
    return;
  }
  if (request.url === "/v1/models") return json(response, 200, { object: "list", data: [shared.card] });
  if (request.url === "/metrics") return void response.end(METRICS);
  if (request.method !== "POST") return void response.end("ok");
  await answerModel(request, response, Buffer.concat(parts), shared);
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function answerModel(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
  { requests, behaviour, state }: Shared,
): Promise<void> {
  const seen: SeenRequest = { path: request.url ?? "", rawHeaders: request.rawHeaders, body, abortedAtMs: undefined };
  requests.push(seen);
  response.on("close", () => {
    if (!response.writableFinished) seen.abortedAtMs = performance.now();
  });
  if (behaviour.hangUp) return void request.socket.destroy();
  if (behaviour.holdMs > 0) await pause(behaviour.holdMs);
  if (response.destroyed) return;
  if (behaviour.status !== 200) {
    const error = { message: "forced status", type: "server_error", param: null, code: behaviour.status };
    return json(response, behaviour.status, { error });
  }
  if (!/"stream":\s*true/.test(body.toString("latin1"))) return json(response, 200, completion(body, behaviour));
  await stream(response, behaviour, state);
}

function completion(body: Buffer, behaviour: Behaviour): object {
  return {
    id: "c1",
    object: "chat.completion",
    created: 1,
    model: "fake",
    choices: [{ index: 0, message: { role: "assistant", content: "hello" }, logprobs: null, finish_reason: "stop" }],
    usage: {
      prompt_tokens: Math.ceil(body.length / 4),
      completion_tokens: 1,
      total_tokens: 2,
      prompt_tokens_details: { cached_tokens: behaviour.cachedTokens },
    },
    kv_transfer_params: { remote_block_ids: [1, 2] },
  };
}

async function stream(response: ServerResponse, behaviour: Behaviour, state: { streamed: string }): Promise<void> {
  const write = (text: string): boolean => {
    state.streamed += text;
    return response.write(text);
  };
  state.streamed = "";
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  response.flushHeaders();
  for (let i = 0; i < behaviour.events; i++) {
    if (behaviour.gapMs > 0) await pause(behaviour.gapMs);
    if (response.destroyed) return;
    if (i === behaviour.cutAfter) {
      const text = eventText(i);
      if (behaviour.cutInside) write(text.slice(0, text.length / 2));
      await pause(20);
      return void response.socket?.resetAndDestroy();
    }
    if (!write(eventText(i, behaviour.eventBytes))) await new Promise((resolve) => response.once("drain", resolve));
  }
  write("data: [DONE]\n\n");
  response.end();
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
