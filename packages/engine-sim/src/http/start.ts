import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type KvEventAddress, WarmpathError } from "@warmpath/contracts";
import { createSimulatedTokenizer } from "@warmpath/tokenization";
import { createEngine, type Engine } from "./engine";
import type { SimulatedFailures } from "./failures";
import { type ResolvedEngineOptions, resolveEngineOptions, type SimulatedEngineOptions } from "./options";
import { openRankPublishers, type RankPublishers } from "./rank-publisher";
import { Refusal, refuse, refusePlainly } from "./refusal";
import { ROUTES } from "./routes";
import { sendJson } from "./send";

/** Sums over all ranks since the start, and the load now. */
export interface SimulatedEngineStats {
  readonly waitingRequests: number;
  readonly runningRequests: number;
  /** Requests that got all their tokens. */
  readonly finishedRequests: number;
  readonly abortedRequests: number;
  readonly promptTokens: number;
  /** Prompt tokens that came from the cache. */
  readonly cachedTokens: number;
  readonly generatedTokens: number;
  readonly preemptions: number;
  /** Steps of the engine. */
  readonly steps: number;
  /** Event batches, by rank. */
  readonly eventBatches: readonly number[];
}

/** A running simulated engine. */
export interface SimulatedEngine {
  /** `http://host:port`. */
  readonly url: string;
  /** Rank 0's event sockets; rank r has every port + r. Undefined where no events are published. */
  readonly kvEvents: KvEventAddress | undefined;
  stats(): SimulatedEngineStats;
  /** Replaces what goes wrong on purpose. */
  setFailures(failures: SimulatedFailures): void;
  /** The next `count` event batches of a rank take their number and are not sent; `fromReplay` loses them for good. */
  dropEvents(count: number, options?: { readonly rank?: number; readonly fromReplay?: boolean }): void;
  /** Stops listening, cuts what runs, closes the sockets. */
  close(): Promise<void>;
  /** Dies like a killed process: connections break at once, no event tells of it. Resolves when the ports are free. */
  kill(): Promise<void>;
}

/** Starts an engine that speaks vLLM's HTTP API and publishes its KV events. Rejects with `port_in_use` or `invalid_configuration`. */
export async function startSimulatedEngine(options: SimulatedEngineOptions): Promise<SimulatedEngine> {
  const resolved = resolveEngineOptions(options);
  const tokenizer = options.tokenizer ?? createSimulatedTokenizer();
  const publishers =
    resolved.kvEvents === false ? undefined : await openRankPublishers(resolved.kvEvents, resolved.dataParallelSize);
  try {
    const engine = createEngine(resolved, tokenizer, publishers);
    const server = createServer((request, response) => void answer(engine, request, response));
    await listen(server, resolved);
    return new RunningEngine(engine, server, publishers);
  } catch (error) {
    await publishers?.close();
    throw error;
  }
}

async function answer(engine: Engine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const path = (request.url ?? "/").split("?")[0] as string;
    const methods = ROUTES.get(path);
    if (!methods) throw refusePlainly(404, "Not Found");
    const handler = methods[request.method ?? ""];
    if (!handler)
      return sendJson(response, 405, { detail: "Method Not Allowed" }, { allow: Object.keys(methods).join(", ") });
    await handler(engine, request, response);
  } catch (error) {
    const refusal =
      error instanceof Refusal ? error : refuse(500, error instanceof Error ? error.message : String(error));
    sendJson(response, refusal.httpStatus, refusal.answer);
  }
}

function listen(server: Server, { host, port }: ResolvedEngineOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const taken = error.code === "EADDRINUSE";
      reject(taken ? new WarmpathError("port_in_use", `${host}:${port} is taken.`, { cause: error }) : error);
    };
    server.once("error", fail);
    server.listen(port, host, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

class RunningEngine implements SimulatedEngine {
  readonly url: string;
  readonly kvEvents: KvEventAddress | undefined;
  readonly #engine: Engine;
  readonly #server: Server;
  readonly #publishers: RankPublishers | undefined;
  readonly #sockets = new Set<Socket>();
  #closing: Promise<void> | undefined;

  constructor(engine: Engine, server: Server, publishers: RankPublishers | undefined) {
    const { address, port } = server.address() as AddressInfo;
    this.url = `http://${connectableHost(address)}:${port}`;
    this.kvEvents = publishers?.address;
    this.#engine = engine;
    this.#server = server;
    this.#publishers = publishers;
    server.on("connection", (socket) => this.#connected(socket));
    this.setFailures(engine.failures);
  }

  stats(): SimulatedEngineStats {
    const { ranks } = this.#engine;
    const sum = (read: (rank: (typeof ranks)[number]) => number): number =>
      ranks.reduce((total, rank) => total + read(rank), 0);
    return {
      waitingRequests: sum(({ replica }) => replica.waitingRequests),
      runningRequests: sum(({ replica }) => replica.runningRequests),
      finishedRequests: sum(({ replica }) => replica.counters.finished),
      abortedRequests: sum(({ replica }) => replica.counters.aborted),
      promptTokens: sum(({ metrics }) => metrics.promptTokens),
      cachedTokens: sum(({ metrics }) => metrics.cachedPromptTokens),
      generatedTokens: sum(({ replica }) => replica.counters.generatedTokens),
      preemptions: sum(({ replica }) => replica.counters.preemptions),
      steps: sum(({ replica }) => replica.counters.steps),
      eventBatches: ranks.map((_, rank) => this.#publishers?.nextSequence(rank) ?? 0),
    };
  }

  setFailures(failures: SimulatedFailures): void {
    this.#engine.failures = failures;
    for (const rank of this.#engine.ranks) rank.stalled = failures.stall === true;
    // A client must not get around a refusal on a connection that it has kept.
    if (failures.refuse) this.#server.closeIdleConnections();
  }

  dropEvents(count: number, options: { readonly rank?: number; readonly fromReplay?: boolean } = {}): void {
    this.#publishers?.drop(options.rank ?? 0, count, options.fromReplay === true);
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  kill(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    return this.close();
  }

  async #shutDown(): Promise<void> {
    for (const rank of this.#engine.ranks) rank.close();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([closed, this.#publishers?.close()]);
  }

  #connected(socket: Socket): void {
    if (this.#engine.failures.refuse) {
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

function connectableHost(address: string): string {
  if (address === "0.0.0.0" || address === "::") return "127.0.0.1";
  return address.includes(":") ? `[${address}]` : address;
}
