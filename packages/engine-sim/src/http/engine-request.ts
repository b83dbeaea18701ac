import type { SequenceState } from "../core/replica-types";
import type { SimulatedAdapter, VllmRequest } from "../core/vllm-blocks";

/** What a handler gives to start one sequence. */
export interface EngineRequestInput {
  readonly promptTokens: Uint32Array;
  readonly outputTokens: number;
  readonly cacheSalt?: string | undefined;
  readonly adapter?: SimulatedAdapter | undefined;
  readonly skipPrefixCache?: boolean | undefined;
  readonly reportReusedBlocks?: boolean | undefined;
  /** The token that follows at output position `index`. */
  readonly sample: (index: number) => number;
  /** A token came out; `finished` with the last one. */
  readonly onToken: (token: number, state: SequenceState<EngineRequest>, finished: boolean) => void;
}

/** One sequence inside the engine: a prompt and one sample of its continuation. */
export class EngineRequest implements VllmRequest {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly tokens: Uint32Array;
  readonly cacheSalt: string | undefined;
  readonly adapter: SimulatedAdapter | undefined;
  readonly skipPrefixCache: boolean | undefined;
  readonly reportReusedBlocks: boolean | undefined;
  /** Clock times, ms; undefined before. */
  readonly times: { submitted: number; scheduled?: number; firstToken?: number; lastToken?: number };
  readonly #input: EngineRequestInput;

  constructor(input: EngineRequestInput, nowMs: number) {
    this.#input = input;
    this.promptTokens = input.promptTokens.length;
    this.outputTokens = input.outputTokens;
    this.tokens = new Uint32Array(this.promptTokens + input.outputTokens);
    this.tokens.set(input.promptTokens);
    this.cacheSalt = input.cacheSalt;
    this.adapter = input.adapter;
    this.skipPrefixCache = input.skipPrefixCache;
    this.reportReusedBlocks = input.reportReusedBlocks;
    this.times = { submitted: nowMs };
  }

  /** Draws the token of a step and keeps it. */
  draw(state: SequenceState<EngineRequest>): number {
    const index = state.outputTokens - 1;
    const token = this.#input.sample(index);
    this.tokens[this.promptTokens + index] = token;
    return token;
  }

  emit(token: number, state: SequenceState<EngineRequest>): void {
    this.#input.onToken(token, state, state.outputTokens === this.outputTokens);
  }
}
