import {
  type Counter,
  type InferenceRequest,
  type Logger,
  type Metrics,
  type TokenizedPrompt,
  type Tokenizer,
  WarmpathError,
} from "@warmpath/contracts";
import { clientPrompt } from "../prompt";

/** Where a chain reports to. */
export interface TokenizerChainOptions {
  /** Gets `warmpath_tokenizer_requests_total`, by tokenizer and outcome. */
  readonly metrics?: Metrics | undefined;
  /** Is told when a tokenizer stops or resumes answering. */
  readonly logger?: Logger | undefined;
}

interface Step {
  readonly tokenizer: Tokenizer;
  readonly answered: Counter | undefined;
  readonly failed: Counter | undefined;
  isFailing: boolean;
}

/**
 * Asks tokenizers in order and takes the first answer; a failure is counted and the next one is asked. Token ids sent
 * by the client are passed on without asking. Throws the last failure when all fail, and nothing but the abort when
 * the signal is aborted.
 */
export function createTokenizerChain(tokenizers: readonly Tokenizer[], options: TokenizerChainOptions = {}): Tokenizer {
  const steps = tokenizers.map((tokenizer) => createStep(tokenizer, options.metrics));
  const fromClient = options.metrics && countOf(options.metrics, "client", "answered");
  return {
    contractVersion: 1,
    name: tokenizers.map(({ name }) => name).join("+"),
    tokenize(request, signal) {
      const given = sentByClient(request);
      if (given) {
        fromClient?.add();
        return given;
      }
      return runSteps(steps, request, signal, options.logger);
    },
  };
}

/** Only a completions body can hold ids; a chat body is not read for it. */
function sentByClient(request: InferenceRequest): TokenizedPrompt | undefined {
  return request.api === "completions" ? clientPrompt(request.prompt()) : undefined;
}

function countOf(metrics: Metrics, tokenizer: string, outcome: string): Counter {
  return metrics.counter({
    name: "warmpath_tokenizer_requests_total",
    help: "Prompts by the tokenizer that was asked and by whether it answered.",
    labels: { tokenizer, outcome },
  });
}

function createStep(tokenizer: Tokenizer, metrics: Metrics | undefined): Step {
  return {
    tokenizer,
    answered: metrics && countOf(metrics, tokenizer.name, "answered"),
    failed: metrics && countOf(metrics, tokenizer.name, "failed"),
    isFailing: false,
  };
}

function runSteps(
  steps: readonly Step[],
  request: InferenceRequest,
  signal: AbortSignal | undefined,
  logger: Logger | undefined,
  from = 0,
  lastError?: unknown,
): TokenizedPrompt | Promise<TokenizedPrompt> {
  const step = steps[from];
  if (!step) throw lastError ?? new WarmpathError("tokenizer_unavailable", "There is no tokenizer to ask.");
  const answered = (prompt: TokenizedPrompt): TokenizedPrompt => noteAnswer(step, prompt, logger);
  const next = (error: unknown): TokenizedPrompt | Promise<TokenizedPrompt> => {
    if (signal?.aborted) throw error;
    noteFailure(step, error, logger);
    return runSteps(steps, request, signal, logger, from + 1, error);
  };
  try {
    const result = step.tokenizer.tokenize(request, signal);
    return result instanceof Promise ? result.then(answered, next) : answered(result);
  } catch (error) {
    return next(error);
  }
}

function noteAnswer(step: Step, prompt: TokenizedPrompt, logger: Logger | undefined): TokenizedPrompt {
  step.answered?.add();
  if (step.isFailing) logger?.info({ tokenizer: step.tokenizer.name }, "the tokenizer answers again");
  step.isFailing = false;
  return prompt;
}

function noteFailure(step: Step, error: unknown, logger: Logger | undefined): void {
  step.failed?.add();
  const fields = { tokenizer: step.tokenizer.name, reason: error instanceof Error ? error.message : String(error) };
  // A request that the engine will refuse says nothing about the tokenizer.
  const isRequestFault = WarmpathError.isInstance(error) && error.status < 500;
  if (isRequestFault) {
    logger?.debug(fields, "the tokenizer refuses a request");
  } else {
    if (!step.isFailing) logger?.warn(fields, "the tokenizer does not answer, the next one is asked");
    step.isFailing = true;
  }
}
