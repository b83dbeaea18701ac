import {
  type Clock,
  type InferenceRequest,
  type Logger,
  type TokenizedPrompt,
  type Tokenizer,
  WarmpathError,
} from "@warmpath/contracts";

export interface TokenizeStepOptions {
  readonly tokenizer: Tokenizer;
  /** Asked when the tokenizer fails or is late. */
  readonly estimator: Tokenizer;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Tokens = TokenizedPrompt | undefined;

/**
 * Tokens of a request: by the tokenizer, else by estimate, else undefined. Never throws but `client_closed`: what a
 * tokenizer refuses, the engine may still take or refuse in its own words.
 */
export class TokenizeStep {
  readonly #options: TokenizeStepOptions;
  /** Logged when it changes, not at every request. */
  #failing = false;

  constructor(options: TokenizeStepOptions) {
    this.#options = options;
  }

  run(request: InferenceRequest, signal: AbortSignal | undefined): Tokens | Promise<Tokens> {
    let limit: TimeLimit | undefined;
    try {
      const answer = this.#options.tokenizer.tokenize(request, signal);
      if (!(answer instanceof Promise)) return this.#good(answer);
      limit = new TimeLimit(this.#options.clock, this.#options.timeoutMs, signal);
      return this.#wait(request, answer, limit, signal);
    } catch (error) {
      return this.#estimate(request, error);
    }
  }

  async #wait(
    request: InferenceRequest,
    answer: Promise<TokenizedPrompt>,
    limit: TimeLimit,
    signal: AbortSignal | undefined,
  ): Promise<Tokens> {
    try {
      return this.#good(await Promise.race([answer, limit.promise]));
    } catch (error) {
      if (signal?.aborted) throw new WarmpathError("client_closed", "The client left before the tokens were there.");
      return await this.#estimate(request, error);
    } finally {
      limit.end();
    }
  }

  #good(prompt: TokenizedPrompt): TokenizedPrompt {
    if (this.#failing) this.#options.logger.info({ tokenizer: this.#options.tokenizer.name }, "Tokens are back.");
    this.#failing = false;
    return prompt;
  }

  #estimate(request: InferenceRequest, error: unknown): Tokens | Promise<Tokens> {
    const { tokenizer, estimator, logger } = this.#options;
    if (!this.#failing) logger.warn({ err: error, tokenizer: tokenizer.name }, "No tokens; routed by an estimate.");
    this.#failing = true;
    try {
      const answer = estimator.tokenize(request);
      return answer instanceof Promise ? answer.catch(() => undefined) : answer;
    } catch {
      return undefined;
    }
  }
}

/** A promise that rejects when time is up or the client leaves. */
class TimeLimit {
  readonly promise: Promise<never>;
  readonly #signal: AbortSignal | undefined;
  #fail: (error: unknown) => void = () => {};
  readonly #cancel: () => void;
  readonly #onAbort = (): void => this.#fail(new WarmpathError("client_closed", "The client left."));

  constructor(clock: Clock, timeoutMs: number, signal: AbortSignal | undefined) {
    this.promise = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.#signal = signal;
    this.#cancel = clock.schedule(timeoutMs, () =>
      this.#fail(new WarmpathError("tokenizer_unavailable", `No tokens within ${timeoutMs} ms.`)),
    );
    if (signal?.aborted) this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  end(): void {
    this.#cancel();
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
