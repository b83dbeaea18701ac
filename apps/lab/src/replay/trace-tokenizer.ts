import type { InferenceRequest, TokenizedPrompt, Tokenizer } from "@warmpath/contracts";
import { syntheticBlockTokens } from "@warmpath/engine-sim";
import { TRACE_BLOCK_TOKENS, type TraceRequest } from "../trace/mooncake";

/** The model name of every trace request. */
export const TRACE_MODEL = "trace";

/** A trace's request in the form in which a gateway sees requests. */
export class TraceInferenceRequest implements InferenceRequest {
  readonly api = "completions";
  readonly body = new Uint8Array(0);
  readonly model = TRACE_MODEL;
  readonly stream = true;
  readonly includeUsage = true;
  readonly cacheSalt = undefined;
  readonly priority = undefined;
  readonly multimodal = false;

  constructor(
    readonly id: string,
    readonly trace: TraceRequest,
  ) {}

  get maxOutputTokens(): number {
    return this.trace.outputTokens;
  }

  field(): undefined {
    return undefined;
  }

  value(): undefined {
    return undefined;
  }

  prompt() {
    return { kind: "tokens", tokenIds: traceTokens(this.trace) } as const;
  }
}

/** Gives each block of a trace the tokens that the simulated engines publish for it. */
export function createTraceTokenizer(): Tokenizer {
  return {
    contractVersion: 1,
    name: "trace",
    tokenize(request): TokenizedPrompt {
      const { trace } = request as TraceInferenceRequest;
      return { tokenIds: traceTokens(trace), exact: true, source: "client", multimodal: [] };
    },
  };
}

function traceTokens({ blockIds, inputTokens }: TraceRequest): Uint32Array {
  const tokens = new Uint32Array(inputTokens);
  for (let i = 0; i < blockIds.length; i++) {
    const from = i * TRACE_BLOCK_TOKENS;
    const block = syntheticBlockTokens(blockIds[i]!, Math.min(TRACE_BLOCK_TOKENS, inputTokens - from));
    tokens.set(block, from);
  }
  return tokens;
}
