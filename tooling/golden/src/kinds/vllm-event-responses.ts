import type { BlocksStored, KvEvent } from "@warmpath/contracts";
import type { RecordedStep } from "./vllm-events";

interface Body {
  readonly model?: string;
  readonly prompt?: unknown;
  readonly n?: number;
  readonly stream?: boolean;
  readonly cache_salt?: string;
  readonly vllm_xargs?: { readonly kv_cache_report_mode?: string };
}

interface Answer {
  readonly prompt_token_ids?: readonly number[];
  readonly choices?: readonly {
    readonly token_ids?: readonly number[];
    readonly prompt_token_ids?: readonly number[];
  }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  };
}

/**
 * Holds the events of one request against its answer: what a real vLLM publishes and what it reports as cached agree as
 * the recording's README states. Requests that ran beside others, were cut off or asked for several answers say too little.
 */
export function checkResponse(step: RecordedStep, events: readonly KvEvent[]): void {
  const body = (step.request as { readonly body?: Body } | null)?.body;
  const answer = step.response as Answer | null;
  if (!body || step.status !== 200 || body.stream || (body.n ?? 1) !== 1 || isSeveralPrompts(body.prompt)) return;
  const output = answer?.choices?.[0]?.token_ids;
  const prompt = answer?.prompt_token_ids ?? answer?.choices?.[0]?.prompt_token_ids ?? undefined;
  const cached = answer?.usage?.prompt_tokens_details?.cached_tokens;
  if (!output || !prompt || cached === undefined) return;
  const stored = events.filter((event) => event.kind === "stored");
  // The KV of the last output token is never computed.
  const computed = [...prompt, ...output.slice(0, -1)];
  for (const event of stored) checkStored(event, body, computed);
  const blockSize = stored.find((event) => event.blockSizeTokens > 0)?.blockSizeTokens;
  if (blockSize === undefined) checkNothingNew(cached, prompt.length);
  else checkCounts(stored, body, blockSize, cached, prompt.length, computed.length);
}

function isSeveralPrompts(prompt: unknown): boolean {
  return Array.isArray(prompt) && typeof prompt[0] !== "number";
}

function checkStored(event: BlocksStored, body: Body, computed: readonly number[]): void {
  const { blockSizeTokens, tokenIds, parentHash } = event;
  if (event.loraName !== undefined && event.loraName !== body.model) {
    throw new Error(`an event of adapter ${event.loraName} after a request to ${body.model}`);
  }
  if (tokenIds.length === 0) return;
  const offsets = parentHash === undefined ? [0] : multiples(blockSizeTokens, computed.length);
  if (!offsets.some((offset) => isSlice(tokenIds, computed, offset))) {
    throw new Error(`tokens ${Array.from(tokenIds)} are no blocks of prompt and output ${computed}`);
  }
  const first = JSON.stringify(event.extraKeys?.[0] ?? null);
  if (body.cache_salt && parentHash === undefined && !first.includes(JSON.stringify(body.cache_salt))) {
    throw new Error(`the first block has extra keys ${first}, not the salt ${body.cache_salt}`);
  }
}

function multiples(size: number, below: number): number[] {
  return Array.from({ length: Math.ceil(below / size) }, (_, i) => i * size);
}

function isSlice(tokens: Uint32Array, all: readonly number[], offset: number): boolean {
  return tokens.length + offset <= all.length && tokens.every((token, i) => token === all[offset + i]);
}

/** Without events every full block was cached, or there is none: then a cached count is no more than the prompt less one token. */
function checkNothingNew(cached: number, promptTokens: number): void {
  if (cached > Math.max(0, promptTokens - 1)) throw new Error(`${cached} of ${promptTokens} prompt tokens cached`);
}

function checkCounts(
  stored: readonly BlocksStored[],
  body: Body,
  blockSize: number,
  cached: number,
  promptTokens: number,
  computedTokens: number,
): void {
  const most = Math.floor((promptTokens - 1) / blockSize) * blockSize;
  if (cached % blockSize !== 0 || cached > most) throw new Error(`${cached} tokens cached, of ${most} at most`);
  // A full report announces the reused blocks too.
  const reused = body.vllm_xargs?.kv_cache_report_mode === "full" ? 0 : cached / blockSize;
  const expected = Math.floor(computedTokens / blockSize) - reused;
  const blocks = stored.reduce((sum, event) => sum + event.blockHashes.length / 2, 0);
  if (blocks !== expected) throw new Error(`${blocks} blocks stored; ${expected} were computed and not cached`);
}
