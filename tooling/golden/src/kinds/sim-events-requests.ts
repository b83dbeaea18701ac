import { externalHash } from "@warmpath/block-hashing";
import type { BlocksStored } from "@warmpath/contracts";
import type { ForcedEngine, ForcedRequest, ServerSettings } from "./sim-events-engine";
import { liveBatches, type RecordedAnswer, type RecordedBody, type RecordedLine } from "./sim-events-recording";

/** The sequences of one body, in the order in which the engine gets them, and how its usage counts them. */
export interface ForcedBody {
  readonly requests: readonly ForcedRequest[];
  /** Those whose cached tokens the usage reports: the samples of the first prompt. */
  readonly reported: readonly ForcedRequest[];
  readonly answer: RecordedAnswer;
}

/** Turns a recorded body and its answer into sequences. Output that the answer does not show is read from later events. */
export function forceBody(
  body: RecordedBody,
  answer: RecordedAnswer,
  engine: ForcedEngine,
  settings: ServerSettings,
  group: readonly RecordedLine[],
): ForcedBody {
  const samples = body.n ?? 1;
  const prompts = readPrompts(body, answer);
  const requests = prompts.flatMap((prompt, p) =>
    Array.from({ length: samples }, (_, s) => {
      const shown = answer.choices?.[p * samples + s]?.token_ids ?? undefined;
      return forceSequence(body, prompt, shown, engine, settings, group);
    }),
  );
  return { requests, reported: requests.slice(0, samples), answer };
}

function readPrompts(body: RecordedBody, answer: RecordedAnswer): readonly (readonly number[])[] {
  const { prompt } = body;
  if (prompt === undefined) return [answer.prompt_token_ids ?? answer.choices?.[0]?.prompt_token_ids ?? []];
  return typeof prompt[0] === "number" ? [prompt as readonly number[]] : (prompt as readonly (readonly number[])[]);
}

function forceSequence(
  body: RecordedBody,
  prompt: readonly number[],
  shown: readonly number[] | undefined,
  engine: ForcedEngine,
  settings: ServerSettings,
  group: readonly RecordedLine[],
): ForcedRequest {
  const outputTokens = shown?.length ?? body.max_tokens ?? 16;
  const request = {
    promptTokens: prompt.length,
    outputTokens,
    tokens: new Uint32Array(prompt.length + outputTokens),
    cacheSalt: body.cache_salt,
    adapter: body.model === undefined ? undefined : settings.adapters.get(body.model),
    skipPrefixCache: body.prompt_logprobs !== undefined && body.prompt_logprobs !== null,
    reportReusedBlocks: body.vllm_xargs?.kv_cache_report_mode === "full",
    output: shown ?? [],
  };
  request.tokens.set(prompt);
  if (!shown) request.output = publishedOutput(request, engine, settings, group);
  return request;
}

/** Output tokens as events of the same group show them: block after block behind the prompt's last full one. */
function publishedOutput(
  request: ForcedRequest,
  engine: ForcedEngine,
  { blockSizeTokens }: ServerSettings,
  group: readonly RecordedLine[],
): readonly number[] {
  const stored = group
    .flatMap(liveBatches)
    .flatMap(({ batch }) => batch.events.filter((event): event is BlocksStored => event.kind === "stored"));
  const full = Math.floor(request.promptTokens / blockSizeTokens);
  const tail = [...request.tokens.subarray(full * blockSizeTokens, request.promptTokens)];
  const tokens: number[] = [];
  let parent = lastFullHash(request, engine, full);
  for (;;) {
    const next = stored.find(
      (event) => follows(event, parent) && startsWith(event.tokenIds, tokens.length === 0 ? tail : []),
    );
    if (!next) return tokens.slice(tail.length);
    tokens.push(...next.tokenIds);
    parent = { lo: next.blockHashes.at(-2) as number, hi: next.blockHashes.at(-1) as number };
  }
}

type Words = { readonly lo: number; readonly hi: number };

function lastFullHash(request: ForcedRequest, engine: ForcedEngine, full: number): Words | undefined {
  let key: string | undefined;
  for (let i = 0; i < full; i++) key = engine.blocks.hashBlock(request, i, key);
  return key === undefined ? undefined : externalHash(Buffer.from(key, "latin1"));
}

function follows({ parentHash }: BlocksStored, parent: Words | undefined): boolean {
  return parentHash?.lo === parent?.lo && parentHash?.hi === parent?.hi;
}

function startsWith(tokens: Uint32Array, beginning: readonly number[]): boolean {
  return beginning.every((token, i) => tokens[i] === token);
}
