import type { IncomingHttpHeaders } from "node:http";
import { type ApiKind, WarmpathError } from "@warmpath/contracts";
import { parseRequest } from "@warmpath/inference-api";
import type { SimulatedAdapter } from "../core/vllm-blocks";
import { checkFields, checkMessages, checkPrompt, checkSampling } from "./check-fields";
import type { Engine } from "./engine";
import type { JsonBody } from "./read-body";
import { refuse, refuseParameter } from "./refusal";

/** A body whose fields are right: prompts as tokens, and what is to be done with them. */
export interface PreparedRequest {
  readonly api: ApiKind;
  readonly body: JsonBody;
  /** With its prefix: `chatcmpl-…` or `cmpl-…`. */
  readonly id: string;
  /** Model or adapter name that the answer carries. */
  readonly model: string;
  readonly adapter: SimulatedAdapter | undefined;
  readonly prompts: readonly Uint32Array[];
  /** Samples of each prompt. */
  readonly n: number;
  /** `max_completion_tokens`, `max_tokens` or the API's default; undefined = up to the context's end. */
  readonly maxTokens: number | undefined;
  readonly cacheSalt: string | undefined;
}

/** Checks and tokenizes a body in the order in which vLLM does. Throws refusals with vLLM's bodies. */
export function prepareRequest(
  engine: Engine,
  api: ApiKind,
  body: JsonBody,
  headers: IncomingHttpHeaders,
): PreparedRequest {
  const { fields } = body;
  checkFields(fields, api === "chat" ? checkMessages(fields) : checkPrompt(fields));
  const { model, adapter } = findModel(engine, fields.model);
  const maxTokens = readMaxTokens(engine, api, fields);
  if (api === "chat") checkTools(engine, fields);
  const given = { ...body, fields: { ...fields, model } };
  const prompts = api === "chat" ? [renderChat(engine, given)] : completionPrompts(engine, given, body);
  for (const prompt of prompts) checkLength(engine, prompt);
  if (maxTokens !== undefined && maxTokens < 1) {
    throw refuseParameter(`max_tokens must be at least 1, got ${maxTokens}.`, "max_tokens", maxTokens);
  }
  checkSampling(fields);
  return {
    api,
    body: given,
    id: `${api === "chat" ? "chatcmpl" : "cmpl"}-${requestId(engine, fields, headers)}`,
    model,
    adapter,
    prompts,
    n: Number(fields.n ?? 1),
    maxTokens,
    cacheSalt: typeof fields.cache_salt === "string" ? fields.cache_salt : undefined,
  };
}

/** The model that a body names, the first served one where it names none. Refuses unknown ones with 404. */
export function findModel(engine: Engine, name: unknown): { model: string; adapter: SimulatedAdapter | undefined } {
  const { models, adapters } = engine.options;
  if (name === undefined || name === null || name === "") return { model: models[0] as string, adapter: undefined };
  const adapter = adapters.find((one) => one.name === name);
  if (adapter || models.includes(name as string)) return { model: name as string, adapter };
  const valid = [...models, ...adapters.map((one) => one.name)].join(", ");
  throw refuse(404, `The model \`${name}\` does not exist. Valid aliases: ${valid}.`, { param: "model" });
}

const DEFAULT_COMPLETION_TOKENS = 16;

function readMaxTokens(engine: Engine, api: ApiKind, fields: JsonBody["fields"]): number | undefined {
  const { maxModelLength } = engine.options;
  const name = fields.max_completion_tokens == null || api !== "chat" ? "max_tokens" : "max_completion_tokens";
  const given = fields[name];
  if (given === undefined || given === null) return api === "chat" ? undefined : DEFAULT_COMPLETION_TOKENS;
  const tokens = Number(given);
  if (tokens <= maxModelLength) return tokens;
  const message = `${name}=${tokens} cannot be greater than max_model_len=${maxModelLength}. Please request fewer output tokens.`;
  throw refuseParameter(message, name, tokens);
}

function checkTools(engine: Engine, fields: JsonBody["fields"]): void {
  if (engine.options.autoToolChoice || !Array.isArray(fields.tools) || fields.tools.length === 0) return;
  const choice = fields.tool_choice ?? "auto";
  if (choice !== "auto") return;
  throw refuse(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set');
}

function renderChat(engine: Engine, { bytes, fields }: JsonBody): Uint32Array {
  if ((fields.messages as readonly unknown[]).length === 0) {
    throw refuse(400, "Cannot apply chat template to an empty conversation. Provide at least one message.");
  }
  return translate(() => engine.tokenizer.renderChat(bytes).tokenIds);
}

function completionPrompts(engine: Engine, given: JsonBody, original: JsonBody): Uint32Array[] {
  const { fields } = given;
  const { prompt } = fields;
  const empty = prompt === undefined || prompt === null || (prompt as string | unknown[]).length === 0;
  if (empty) throw refuseParameter("Either prompt or prompt_embeds must be provided and non-empty.", "prompt");
  const addSpecialTokens = fields.add_special_tokens !== false;
  const encode = (text: string): Uint32Array => engine.tokenizer.encode(text, { addSpecialTokens });
  const parsed = translate(() =>
    parseRequest({ api: "completions", body: parseable(given, original), id: "" }).prompt(),
  );
  switch (parsed.kind) {
    case "text":
      return [encode(parsed.text)];
    case "texts":
      return parsed.texts.map(encode);
    case "tokens":
      return [inVocabulary(engine, parsed.tokenIds)];
    case "token-lists":
      return parsed.tokenLists.map((list) => inVocabulary(engine, list));
    default:
      throw refuse(400, "A completion needs a prompt of text or token ids.");
  }
}

/** vLLM takes a body without a model, the parser does not. */
function parseable(given: JsonBody, original: JsonBody): Uint8Array {
  return typeof original.fields.model === "string" ? given.bytes : Buffer.from(JSON.stringify(given.fields));
}

function inVocabulary(engine: Engine, tokens: Uint32Array): Uint32Array {
  const { vocabularySize } = engine.tokenizer;
  const outside = tokens.find((token) => token >= vocabularySize);
  if (outside !== undefined) throw refuse(400, `Token id ${outside} is out of vocabulary`);
  return tokens;
}

function checkLength(engine: Engine, prompt: Uint32Array): void {
  const { maxModelLength } = engine.options;
  if (prompt.length === 0)
    throw refuseParameter("Either prompt or prompt_embeds must be provided and non-empty.", "prompt");
  if (prompt.length <= maxModelLength - 1) return;
  const what = `your prompt contains ${prompt.length} input tokens, which exceeds this limit even without any output tokens.`;
  throw refuseParameter(
    `This model's maximum context length is ${maxModelLength} tokens. However, ${what} Please reduce the length of the input prompt.`,
    "input_tokens",
    prompt.length,
  );
}

function requestId(engine: Engine, fields: JsonBody["fields"], headers: IncomingHttpHeaders): string {
  const header = headers["x-request-id"];
  if (typeof header === "string") return header;
  return typeof fields.request_id === "string" ? fields.request_id : engine.newId();
}

/** Errors of our own packages become the 400 that an engine answers. */
export function translate<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (WarmpathError.isInstance(error) && error.status < 500) throw refuse(400, error.message);
    throw error;
  }
}
