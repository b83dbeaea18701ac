import type { ChoiceState, Generation, OutputPiece } from "./generation";
import type { PreparedRequest } from "./prepare";

/** What both APIs put around their choices. */
export interface AnswerContext {
  readonly prepared: PreparedRequest;
  /** Seconds since 1970. */
  readonly created: number;
  readonly fingerprint: string;
  readonly blockSizeTokens: number;
}

/** The whole answer of a request that does not stream. */
export function wholeAnswer(context: AnswerContext, generation: Generation): unknown {
  return context.prepared.api === "chat" ? chatAnswer(context, generation) : completionAnswer(context, generation);
}

function completionAnswer(context: AnswerContext, generation: Generation): unknown {
  const returnIds = returnsTokenIds(context);
  return {
    ...head(context, "text_completion"),
    choices: generation.choices.map((choice, index) => ({
      index,
      text: choice.text,
      logprobs: null,
      finish_reason: choice.finishReason,
      stop_reason: null,
      token_ids: returnIds ? choice.tokens : null,
      prompt_logprobs: null,
      prompt_token_ids: returnIds ? [...choice.prompt] : null,
      routed_experts: null,
    })),
    service_tier: null,
    system_fingerprint: context.fingerprint,
    usage: wholeUsage(context, generation),
    kv_transfer_params: null,
    ec_transfer_params: null,
    metrics: null,
  };
}

function chatAnswer(context: AnswerContext, generation: Generation): unknown {
  const returnIds = returnsTokenIds(context);
  return {
    ...head(context, "chat.completion"),
    choices: generation.choices.map((choice, index) => ({
      index,
      message: {
        role: "assistant",
        content: choice.text,
        refusal: null,
        annotations: null,
        audio: null,
        function_call: null,
        reasoning: null,
      },
      logprobs: null,
      finish_reason: choice.finishReason,
      stop_reason: null,
      token_ids: returnIds ? choice.tokens : null,
      routed_experts: null,
    })),
    service_tier: null,
    system_fingerprint: context.fingerprint,
    usage: wholeUsage(context, generation),
    prompt_logprobs: null,
    prompt_token_ids: returnIds ? [...(generation.choices[0]?.prompt ?? [])] : null,
    prompt_text: null,
    kv_transfer_params: null,
    ec_transfer_params: null,
    metrics: null,
  };
}

/** The events that one token brings to a stream, as objects. */
export function streamChunks(
  context: AnswerContext,
  generation: Generation,
  piece: OutputPiece,
  isFirst: boolean,
): unknown[] {
  if (context.prepared.api === "completions") return [completionChunk(context, generation, piece, isFirst)];
  const chunk = chatChunk(context, generation, piece);
  return isFirst ? [...chatOpening(context, generation), chunk] : [chunk];
}

function completionChunk(
  context: AnswerContext,
  generation: Generation,
  piece: OutputPiece,
  isFirst: boolean,
): unknown {
  const returnIds = returnsTokenIds(context);
  const choice = generation.choices[piece.choice] as ChoiceState;
  const ids = returnIds && (isFirst || choice.tokens.length === 1) ? [...choice.prompt] : null;
  return {
    ...head(context, "text_completion"),
    choices: [
      {
        index: piece.choice,
        text: piece.text,
        logprobs: null,
        finish_reason: piece.finishReason,
        stop_reason: null,
        prompt_token_ids: ids,
        token_ids: returnIds ? [piece.token] : null,
      },
    ],
    ...continuousUsage(context, choice),
    ...lastFingerprint(context, generation),
  };
}

/** Each choice of a chat begins with its role. */
function chatOpening(context: AnswerContext, generation: Generation): unknown[] {
  return generation.choices.map((choice, index) => ({
    ...head(context, "chat.completion.chunk"),
    choices: [{ index, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }],
    ...continuousUsage(context, { ...choice, tokens: [] }),
    prompt_token_ids: returnsTokenIds(context) ? [...choice.prompt] : null,
    prompt_text: null,
  }));
}

function chatChunk(context: AnswerContext, generation: Generation, piece: OutputPiece): unknown {
  const choice = {
    index: piece.choice,
    delta: { content: piece.text },
    logprobs: null,
    finish_reason: piece.finishReason,
    ...(piece.finishReason === null ? {} : { stop_reason: null }),
    token_ids: returnsTokenIds(context) ? [piece.token] : null,
  };
  return {
    ...head(context, "chat.completion.chunk"),
    choices: [choice],
    ...continuousUsage(context, generation.choices[piece.choice] as ChoiceState),
    ...lastFingerprint(context, generation),
  };
}

/** The event with the usage that closes a stream; undefined where the client did not ask for it. */
export function usageChunk(context: AnswerContext, generation: Generation): unknown {
  if (!includesUsage(context)) return undefined;
  const { cached, created } = cacheTokens(context, generation);
  const details =
    context.prepared.api === "chat"
      ? { cached_tokens: cached, created_cache_tokens: created }
      : { cached_tokens: cached };
  return {
    ...head(context, context.prepared.api === "chat" ? "chat.completion.chunk" : "text_completion"),
    choices: [],
    usage: { ...countUsage(generation), prompt_tokens_details: details },
    system_fingerprint: context.fingerprint,
  };
}

function wholeUsage(context: AnswerContext, generation: Generation): unknown {
  const { cached, created } = cacheTokens(context, generation);
  return {
    ...countUsage(generation),
    prompt_tokens_details: {
      cached_tokens: cached,
      created_cache_tokens: context.prepared.api === "chat" ? created : null,
      multimodal_tokens: null,
    },
    completion_tokens_details: null,
  };
}

function countUsage(generation: Generation): {
  prompt_tokens: number;
  total_tokens: number;
  completion_tokens: number;
} {
  // A prompt counts once, however many samples it has.
  const prompts = new Set(generation.choices.map((choice) => choice.prompt));
  let promptTokens = 0;
  for (const prompt of prompts) promptTokens += prompt.length;
  const completionTokens = generation.choices.reduce((sum, choice) => sum + choice.tokens.length, 0);
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
  };
}

/** Cached tokens, and those of the prompt's full blocks that this request put into the cache. */
function cacheTokens({ blockSizeTokens }: AnswerContext, generation: Generation): { cached: number; created: number } {
  const prompt = generation.choices[0]?.prompt.length ?? 0;
  const cached = generation.cachedTokens;
  return { cached, created: Math.max(0, Math.floor(prompt / blockSizeTokens) * blockSizeTokens - cached) };
}

function continuousUsage({ prepared }: AnswerContext, choice: ChoiceState): object {
  const options = prepared.body.fields.stream_options as { continuous_usage_stats?: unknown } | null | undefined;
  if (options?.continuous_usage_stats !== true) return {};
  const [prompt, completion] = [choice.prompt.length, choice.tokens.length];
  return { usage: { prompt_tokens: prompt, total_tokens: prompt + completion, completion_tokens: completion } };
}

/** The last event carries the fingerprint: the usage where there is one, else the last token. */
function lastFingerprint(context: AnswerContext, generation: Generation): object {
  return generation.finished && !includesUsage(context) ? { system_fingerprint: context.fingerprint } : {};
}

function includesUsage({ prepared }: AnswerContext): boolean {
  const options = prepared.body.fields.stream_options as { include_usage?: unknown } | null | undefined;
  return options?.include_usage === true;
}

function returnsTokenIds({ prepared }: AnswerContext): boolean {
  return prepared.body.fields.return_token_ids === true;
}

function head({ prepared, created }: AnswerContext, object: string): object {
  return { id: prepared.id, object, created, model: prepared.model };
}
