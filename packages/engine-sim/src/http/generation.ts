import type { Engine } from "./engine";
import type { EngineRequest } from "./engine-request";
import { IncrementalText } from "./incremental-text";
import type { PreparedRequest } from "./prepare";

/** What one token of one sample brings. */
export interface OutputPiece {
  /** Choice index: prompt by prompt, sample by sample. */
  readonly choice: number;
  readonly token: number;
  readonly text: string;
  readonly finishReason: "stop" | "length" | null;
}

/** How far one choice is. */
export interface ChoiceState {
  readonly prompt: Uint32Array;
  text: string;
  readonly tokens: number[];
  finishReason: "stop" | "length" | null;
  cachedTokens: number;
}

/** All sequences of one HTTP request. */
export interface Generation {
  readonly choices: readonly ChoiceState[];
  /** Cached tokens as vLLM reports them in `usage`; final once all choices have finished. */
  readonly cachedTokens: number;
  readonly finished: boolean;
  /** Takes all unfinished sequences out of the engine. */
  abort(): void;
}

/** Starts the sequences of a request on a rank. `onPiece` gets every token, in the order in which steps end. */
export function startGeneration(
  engine: Engine,
  rank: number,
  prepared: PreparedRequest,
  onPiece: (piece: OutputPiece, generation: Generation) => void,
): Generation {
  return new RunningGeneration(engine, rank, prepared, onPiece);
}

class RunningGeneration implements Generation {
  readonly choices: ChoiceState[] = [];
  cachedTokens = 0;
  readonly #engine: Engine;
  readonly #rank: number;
  readonly #running = new Set<EngineRequest>();
  readonly #samplesPerPrompt: number;
  readonly #streams: boolean;
  #started = false;
  #reported = false;

  constructor(
    engine: Engine,
    rank: number,
    prepared: PreparedRequest,
    onPiece: (piece: OutputPiece, generation: Generation) => void,
  ) {
    this.#engine = engine;
    this.#rank = rank;
    this.#samplesPerPrompt = prepared.n;
    this.#streams = prepared.body.fields.stream === true;
    for (const prompt of prepared.prompts) {
      for (let sample = 0; sample < prepared.n; sample++) this.#start(prepared, prompt, sample, onPiece);
    }
    this.#started = true;
  }

  get finished(): boolean {
    return this.#started && this.#running.size === 0;
  }

  abort(): void {
    for (const request of this.#running) this.#engine.abort(this.#rank, request);
    this.#running.clear();
  }

  #start(
    prepared: PreparedRequest,
    prompt: Uint32Array,
    sample: number,
    onPiece: (piece: OutputPiece, generation: Generation) => void,
  ): void {
    const { sampler, tokenizer } = this.#engine;
    const { fields } = prepared.body;
    const choice = this.choices.length;
    const state: ChoiceState = { prompt, text: "", tokens: [], finishReason: null, cachedTokens: 0 };
    this.choices.push(state);
    const text = new IncrementalText(tokenizer);
    const start = sampler.start(prompt, sample);
    const { outputTokens, finishReason } = planLength(this.#engine, prepared, prompt.length, start);
    const request = this.#engine.submit(this.#rank, {
      promptTokens: prompt,
      outputTokens,
      cacheSalt: prepared.cacheSalt,
      adapter: prepared.adapter,
      skipPrefixCache: fields.prompt_logprobs !== undefined && fields.prompt_logprobs !== null,
      reportReusedBlocks: reportsReusedBlocks(fields.vllm_xargs),
      sample: (index) => sampler.token(start, index),
      onToken: (token, sequence, finished) => {
        state.cachedTokens = sequence.cachedTokens ?? 0;
        state.tokens.push(token);
        const piece = text.push(token, finished);
        state.text += piece;
        if (finished) {
          state.finishReason = finishReason;
          this.#running.delete(request);
          this.#engine.ranks[this.#rank]?.metrics.countFinished(finishReason);
        }
        this.#noteCachedTokens(choice, finished);
        onPiece({ choice, token, text: piece, finishReason: state.finishReason }, this);
      },
    });
    this.#running.add(request);
  }

  /**
   * vLLM reports the first prompt's, and of several samples those of the one that finished last; a stream reports those
   * of the first output.
   */
  #noteCachedTokens(choice: number, finished: boolean): void {
    const counts = this.#streams ? !this.#reported : finished && choice < this.#samplesPerPrompt;
    if (!counts) return;
    this.#reported = true;
    this.cachedTokens = this.choices[choice]?.cachedTokens ?? 0;
  }
}

/** Output tokens that a sample gets, and why it ends then. */
function planLength(
  engine: Engine,
  prepared: PreparedRequest,
  promptTokens: number,
  start: number,
): { outputTokens: number; finishReason: "stop" | "length" } {
  const { fields } = prepared.body;
  const room = engine.options.maxModelLength - promptTokens;
  const limit = Math.min(prepared.maxTokens ?? room, room);
  if (fields.ignore_eos === true) return { outputTokens: limit, finishReason: "length" };
  const natural = Math.max(engine.sampler.naturalLength(start), Number(fields.min_tokens ?? 0));
  return natural < limit
    ? { outputTokens: natural, finishReason: "stop" }
    : { outputTokens: limit, finishReason: "length" };
}

function reportsReusedBlocks(xargs: unknown): boolean {
  return (xargs as { kv_cache_report_mode?: unknown } | null | undefined)?.kv_cache_report_mode === "full";
}
