import { asBuffer } from "./bytes";

/** What an engine, or a proxy before it, said went wrong. */
export interface EngineError {
  readonly message: string;
  /** `BadRequestError`, `Bad Request`, … as sent. */
  readonly type: string | undefined;
  readonly param: string | undefined;
  /** Number or text as sent; vLLM repeats the HTTP status. */
  readonly code: number | string | undefined;
}

/** Text of bodies that are not JSON is cut at this many bytes. */
const MAX_TEXT_BYTES = 512;

/**
 * Reads an error body: `{"error": {…}}` (vLLM, OpenAI), `{"error": "…"}` (vLLM's 401), `{"object": "error", …}` (older vLLM,
 * SGLang), `{"detail": …}` (FastAPI), or plain text. Undefined when the body is empty or JSON that holds no error.
 */
export function readEngineError(bytes: Uint8Array): EngineError | undefined {
  const buffer = asBuffer(bytes);
  let value: unknown;
  try {
    value = JSON.parse(buffer.toString("utf8"));
  } catch {
    const message = buffer.toString("utf8", 0, MAX_TEXT_BYTES).trim();
    return message === "" ? undefined : plain(message);
  }
  return isRecord(value) ? errorIn(value) : undefined;
}

/** The error in a parsed answer or event; undefined when there is none. */
export function errorIn(value: Readonly<Record<string, unknown>>): EngineError | undefined {
  const { error, detail } = value;
  if (typeof error === "string") return plain(error);
  if (isRecord(error)) return fromFields(error);
  if (value.object === "error") return fromFields(value);
  if (detail === undefined || detail === null) return undefined;
  return plain(typeof detail === "string" ? detail : JSON.stringify(detail));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fromFields({ message, type, param, code }: Readonly<Record<string, unknown>>): EngineError {
  return {
    message: typeof message === "string" ? message : "",
    type: text(type),
    param: text(param),
    code: typeof code === "number" ? code : text(code),
  };
}

function plain(message: string): EngineError {
  return { message, type: undefined, param: undefined, code: undefined };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
