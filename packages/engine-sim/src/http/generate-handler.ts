import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiKind } from "@warmpath/contracts";
import { type AnswerContext, streamChunks, usageChunk, wholeAnswer } from "./answers";
import type { Engine } from "./engine";
import { type Generation, type OutputPiece, startGeneration } from "./generation";
import { loadReport } from "./load-report";
import { prepareRequest } from "./prepare";
import { readJsonBody } from "./read-body";
import { refuse } from "./refusal";
import { sendJson } from "./send";

/** Name and version that answers carry. */
export const SIMULATED_VERSION = "0.32.0";
const FINGERPRINT = `vllm-${SIMULATED_VERSION}-simulated`;

/** Answers a chat or completions request: JSON, or server-sent events as tokens come. */
export async function handleGenerate(
  engine: Engine,
  api: ApiKind,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const prepared = prepareRequest(engine, api, await readJsonBody(request), request.headers);
  const rank = chooseRank(engine, request.headers["x-data-parallel-rank"]);
  if (engine.happens(engine.failures.errorRate)) throw refuse(500, "EngineCore encountered an issue.");
  if (response.destroyed) return;
  const context: AnswerContext = {
    prepared,
    created: Math.floor(engine.options.wallClockSeconds()),
    fingerprint: FINGERPRINT,
    blockSizeTokens: engine.options.blockSizeTokens,
  };
  const answer = prepared.body.fields.stream === true ? new StreamedAnswer(context, response) : undefined;
  const cut = cutAfter(engine, response);
  const generation = startGeneration(engine, rank, prepared, (piece, running) => {
    if (cut()) return;
    answer?.piece(piece, running);
    if (!running.finished) return;
    if (answer) answer.end(running);
    else sendJson(response, 200, wholeAnswer(context, running), loadReport(engine, request.headers));
  });
  // The client left: what it does not read is not computed.
  response.on("close", () => generation.abort());
}

/** A rank that the header names must exist; a header that is no number is ignored. */
function chooseRank(engine: Engine, header: string | string[] | undefined): number {
  const text = typeof header === "string" ? header.trim() : "";
  if (!/^[-+]?\d+$/.test(text)) return engine.leastLoadedRank();
  const rank = Number(text);
  const ranks = engine.options.dataParallelSize;
  if (rank >= 0 && rank < ranks) return rank;
  throw refuse(400, `data_parallel_rank ${rank} is out of range [0, ${ranks}).`);
}

/** Says after each token whether the connection has been broken on purpose. */
function cutAfter(engine: Engine, response: ServerResponse): () => boolean {
  if (!engine.happens(engine.failures.cutRate)) return () => false;
  let left = engine.failures.cutAfterTokens ?? 2;
  return () => {
    if (left-- > 0) return false;
    response.destroy();
    return true;
  };
}

/** A stream of server-sent events. */
class StreamedAnswer {
  readonly #context: AnswerContext;
  readonly #response: ServerResponse;
  #begun = false;

  constructor(context: AnswerContext, response: ServerResponse) {
    this.#context = context;
    this.#response = response;
  }

  piece(piece: OutputPiece, generation: Generation): void {
    const isFirst = !this.#begun;
    if (isFirst) this.#begin();
    this.#write(streamChunks(this.#context, generation, piece, isFirst).map(frame).join(""));
  }

  end(generation: Generation): void {
    const usage = usageChunk(this.#context, generation);
    this.#response.end(`${usage === undefined ? "" : frame(usage)}data: [DONE]\n\n`);
  }

  #begin(): void {
    this.#begun = true;
    this.#response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  }

  #write(text: string): void {
    if (!this.#response.destroyed) this.#response.write(text);
  }
}

function frame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
