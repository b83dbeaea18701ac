import type { IncomingMessage, ServerResponse } from "node:http";
import { listKvBlocks } from "./debug";
import type { Engine } from "./engine";
import { handleGenerate, SIMULATED_VERSION } from "./generate-handler";
import { renderMetrics } from "./metrics";
import { listModels } from "./models";
import { handleRender } from "./render-handler";
import { sendJson, sendText } from "./send";
import { handleDetokenize, handleTokenize } from "./tokenize-handlers";

/** Answers one request, or throws a refusal. */
export type Handler = (engine: Engine, request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const answerEmpty: Handler = (_engine, _request, response) => sendText(response, 200, "", undefined);

function json(read: (engine: Engine) => unknown): Handler {
  return (engine, _request, response) => sendJson(response, 200, read(engine));
}

/** Handlers by path and method. */
export const ROUTES: ReadonlyMap<string, Readonly<Record<string, Handler>>> = new Map<
  string,
  Readonly<Record<string, Handler>>
>([
  ["/v1/chat/completions", { POST: (engine, request, response) => handleGenerate(engine, "chat", request, response) }],
  [
    "/v1/completions",
    { POST: (engine, request, response) => handleGenerate(engine, "completions", request, response) },
  ],
  [
    "/v1/chat/completions/render",
    { POST: (engine, request, response) => handleRender(engine, "chat", request, response) },
  ],
  [
    "/v1/completions/render",
    { POST: (engine, request, response) => handleRender(engine, "completions", request, response) },
  ],
  ["/v1/models", { GET: json(listModels) }],
  ["/tokenize", { POST: handleTokenize }],
  ["/detokenize", { POST: handleDetokenize }],
  ["/health", { GET: answerEmpty }],
  ["/ping", { GET: answerEmpty, POST: answerEmpty }],
  ["/version", { GET: json(() => ({ version: SIMULATED_VERSION })) }],
  ["/load", { GET: json((engine) => ({ server_load: serverLoad(engine) })) }],
  ["/is_sleeping", { GET: json(() => ({ is_sleeping: false })) }],
  ["/is_paused", { GET: json(() => ({ is_paused: false })) }],
  ["/metrics", { GET: sendMetrics }],
  ["/reset_prefix_cache", { POST: json((engine) => ({ success: resetPrefixCache(engine) })) }],
  ["/debug/kv_blocks", { GET: json(listKvBlocks) }],
]);

function sendMetrics(engine: Engine, _request: IncomingMessage, response: ServerResponse): void {
  sendText(response, 200, renderMetrics(engine), "text/plain; version=1.0.0; charset=utf-8");
}

function serverLoad(engine: Engine): number {
  return engine.ranks.reduce((sum, { replica }) => sum + replica.runningRequests + replica.waitingRequests, 0);
}

/** All ranks or none answer with success, but each idle one is reset, as in vLLM. */
function resetPrefixCache(engine: Engine): boolean {
  return engine.ranks.map(({ replica }) => replica.resetPrefixCache()).every((success) => success);
}
