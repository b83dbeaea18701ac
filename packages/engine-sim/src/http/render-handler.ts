import type { IncomingMessage, ServerResponse } from "node:http";
import type { ApiKind } from "@warmpath/contracts";
import type { Engine } from "./engine";
import { type PreparedRequest, prepareRequest } from "./prepare";
import { readJsonBody } from "./read-body";
import { sendJson } from "./send";

/** `POST …/render`: what the engine would compute for a body, without computing it. */
export async function handleRender(
  engine: Engine,
  api: ApiKind,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const prepared = prepareRequest(engine, api, await readJsonBody(request), request.headers);
  const { prompts } = prepared;
  const rendered = prompts.map((prompt, i) =>
    render(prepared, prompt, prompts.length > 1 ? `${prepared.id}-${i}` : prepared.id),
  );
  sendJson(response, 200, api === "chat" ? rendered[0] : rendered);
}

function render(prepared: PreparedRequest, prompt: Uint32Array, id: string): unknown {
  const { fields } = prepared.body;
  return {
    request_id: id,
    token_ids: [...prompt],
    token_offsets: null,
    features: null,
    content_parts: null,
    sampling_params: samplingParams(prepared),
    model: prepared.model,
    reasoning_ended: null,
    reasoning_parser_kwargs: null,
    return_token_ids: fields.return_token_ids ?? null,
    output_mode: "tokens",
    stream: fields.stream === true,
    stream_options: fields.stream_options ?? null,
    cache_salt: prepared.cacheSalt ?? null,
    priority: Number(fields.priority ?? 0),
    kv_transfer_params: fields.kv_transfer_params ?? null,
    ec_transfer_params: fields.ec_transfer_params ?? null,
  };
}

function samplingParams(prepared: PreparedRequest): object {
  const { fields } = prepared.body;
  const number = (name: string, otherwise: number): number => Number(fields[name] ?? otherwise);
  return {
    presence_penalty: number("presence_penalty", 0),
    frequency_penalty: number("frequency_penalty", 0),
    repetition_penalty: number("repetition_penalty", 1),
    temperature: number("temperature", 1),
    stop: stopTexts(fields.stop),
    stop_token_ids: fields.stop_token_ids ?? [],
    ...(fields.ignore_eos === true ? { ignore_eos: true } : {}),
    ...(prepared.maxTokens === undefined ? {} : { max_tokens: prepared.maxTokens }),
    output_kind: fields.stream === true ? 1 : 2,
    skip_clone: true,
    bad_words: fields.bad_words ?? [],
    skip_reading_prefix_cache: false,
  };
}

function stopTexts(stop: unknown): readonly unknown[] {
  if (stop === undefined || stop === null) return [];
  return Array.isArray(stop) ? stop : [stop];
}
