import { type EngineError, errorIn, isRecord } from "./engine-error";

/** Token counts of an answer; undefined where the engine did not tell. */
export interface AnswerUsage {
  readonly promptTokens: number | undefined;
  /** Of the prompt, the tokens taken from the cache. vLLM tells them with `--enable-prompt-tokens-details`. */
  readonly cachedTokens: number | undefined;
  readonly outputTokens: number | undefined;
}

/** What an answer has said so far. */
export interface AnswerResult {
  /** True once generated output was seen; in a JSON answer, once it was read whole. */
  readonly firstTokenSeen: boolean;
  readonly usage: AnswerUsage;
  /** `stop`, `length`, … by index of the choice; undefined where one has not ended. */
  readonly finishReasons: readonly (string | undefined)[];
  /** The error object in the answer, also one in the middle of a stream. */
  readonly error: EngineError | undefined;
  /**
   * True when the answer came to its own end: `[DONE]` of a stream, the whole object of a JSON answer. Of a JSON answer beyond
   * the buffer's limit only the last byte is looked at.
   */
  readonly done: boolean;
  /** True while a stream stands inside an unfinished event, so that another event cannot be appended as it is. */
  readonly midEvent: boolean;
}

/** Choices beyond this index are not followed. */
const MAX_CHOICES = 1024;

const NO_USAGE: AnswerUsage = { promptTokens: undefined, cachedTokens: undefined, outputTokens: undefined };

/** The growing result of a reader. */
export class AnswerState implements AnswerResult {
  firstTokenSeen = false;
  readonly finishReasons: (string | undefined)[] = [];
  error: EngineError | undefined;
  done = false;
  midEvent = false;
  private knownUsage = NO_USAGE;
  /** An event that holds a newer usage and has not been parsed: streams may tell the usage with every token. */
  private usageEvent: Buffer | undefined;

  get usage(): AnswerUsage {
    if (this.usageEvent) {
      const event = parseRecord(this.usageEvent);
      this.usageEvent = undefined;
      if (event) this.readUsage(event.usage);
    }
    return this.knownUsage;
  }

  deferUsage(event: Buffer): void {
    this.usageEvent = event;
  }

  /** Takes what one parsed event tells. */
  readEvent(event: Readonly<Record<string, unknown>>): void {
    this.error = errorIn(event) ?? this.error;
    if (isRecord(event.usage)) {
      this.usageEvent = undefined;
      this.readUsage(event.usage);
    }
    const { choices } = event;
    if (Array.isArray(choices)) for (const choice of choices) if (isRecord(choice)) this.readChoice(choice);
  }

  readUsage(usage: unknown): void {
    if (!isRecord(usage)) return;
    const details = usage.prompt_tokens_details;
    this.knownUsage = {
      promptTokens: count(usage.prompt_tokens),
      cachedTokens: isRecord(details) ? count(details.cached_tokens) : undefined,
      outputTokens: count(usage.completion_tokens),
    };
  }

  readFinish(index: unknown, reason: unknown): void {
    const choice = count(index) ?? 0;
    if (typeof reason !== "string" || choice >= MAX_CHOICES) return;
    while (this.finishReasons.length <= choice) this.finishReasons.push(undefined);
    this.finishReasons[choice] = reason;
  }

  private readChoice(choice: Readonly<Record<string, unknown>>): void {
    this.readFinish(choice.index, choice.finish_reason);
    this.firstTokenSeen ||= hasOutput(choice);
  }
}

/** Undefined where the bytes are not a JSON object. */
export function parseRecord(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The opening chunk of a chat names the role and has no text: it is not a token yet. */
function hasOutput(choice: Readonly<Record<string, unknown>>): boolean {
  const { delta } = choice;
  if (typeof choice.finish_reason === "string" || !isRecord(delta)) return true;
  if (!("role" in delta)) return true;
  return Object.entries(delta).some(([name, value]) => name !== "role" && isFilled(value));
}

function isFilled(value: unknown): boolean {
  return typeof value === "string" || Array.isArray(value) ? value.length > 0 : isRecord(value);
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
