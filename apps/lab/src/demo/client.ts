import { type Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { WarmpathError } from "@warmpath/contracts";
import { createAnswerReader } from "@warmpath/inference-api";
import type { ChatMessage } from "./workload";

/** What a client saw of one streamed answer. */
export interface ChatResult {
  readonly text: string;
  readonly ttftMs: number;
  readonly totalMs: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  /** The endpoint that answered, as the gateway explains it. */
  readonly endpoint: string;
}

export interface ChatOptions {
  readonly url: string;
  readonly agent: Agent;
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** Sends one chat and reads its stream to the end. */
export async function chat(options: ChatOptions): Promise<ChatResult> {
  const started = options.nowMs();
  const answer = await send(options);
  const reader = createAnswerReader({ stream: true });
  const chunks: Buffer[] = [];
  let ttftMs = Number.NaN;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (Number.isNaN(ttftMs)) ttftMs = options.nowMs() - started;
    reader.push(chunk);
    chunks.push(chunk);
  }
  const { usage } = reader.end();
  return {
    text: deltas(Buffer.concat(chunks).toString("utf8")),
    ttftMs,
    totalMs: options.nowMs() - started,
    promptTokens: usage?.promptTokens ?? 0,
    cachedTokens: usage?.cachedTokens ?? 0,
    endpoint: String(answer.headers["x-warmpath-endpoint"] ?? ""),
  };
}

function send({ url, agent, model, messages, maxTokens, signal }: ChatOptions): Promise<IncomingMessage> {
  const body = JSON.stringify({
    model,
    messages,
    max_tokens: maxTokens,
    stream: true,
    stream_options: { include_usage: true },
  });
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "x-warmpath-explain": "1",
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${url}/v1/chat/completions`, { method: "POST", agent, headers, signal }, (answer) => {
      if (answer.statusCode === 200) return resolve(answer);
      answer.resume();
      reject(new WarmpathError("upstream_unreachable", `The gateway answered ${answer.statusCode}.`));
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** The text of a chat stream's deltas. */
function deltas(stream: string): string {
  return stream
    .split("\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)) as { choices?: { delta?: { content?: string } }[] })
    .map(({ choices }) => choices?.[0]?.delta?.content ?? "")
    .join("");
}
