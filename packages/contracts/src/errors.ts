/** One row of the table of error codes. */
export interface ErrorCodeEntry {
  /** HTTP status of the answer that carries it. */
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type: string;
  /** True when the same request may succeed later. */
  readonly retryable: boolean;
  /** What it means and what to do. */
  readonly doc: string;
}

function row(status: number, type: string, retryable: boolean, doc: string): ErrorCodeEntry {
  return { status, type, retryable, doc };
}

/** Every error that Warmpath answers or throws, by its stable code. */
export const ERROR_CODES = {
  invalid_json: row(400, "invalid_request_error", false, "The body is not valid JSON. Send one JSON object."),
  invalid_request: row(400, "invalid_request_error", false, "A field has a wrong type or value. The message names it."),
  missing_required_parameter: row(
    400,
    "invalid_request_error",
    false,
    "A required field is absent. The message names it.",
  ),
  request_too_large: row(
    413,
    "invalid_request_error",
    false,
    "The body is longer than the limit. Send less, or raise --max-body-bytes.",
  ),
  model_not_found: row(
    404,
    "invalid_request_error",
    false,
    "No endpoint serves this model. GET /v1/models lists those that are served.",
  ),
  unknown_url: row(404, "invalid_request_error", false, "No such path here. The documentation lists the paths."),
  method_not_allowed: row(405, "invalid_request_error", false, "The path exists, but not with this method."),
  no_endpoint: row(503, "service_unavailable", true, "No endpoint is ready. Try again after the time in retry-after."),
  overloaded: row(429, "rate_limit_error", true, "All endpoints are saturated. Try again after retry-after."),
  upstream_unreachable: row(502, "upstream_error", true, "No engine could be reached for this request."),
  upstream_cut: row(502, "upstream_error", true, "The engine closed the connection before the answer was whole."),
  upstream_timeout: row(504, "upstream_error", true, "The engine did not answer in time."),
  client_closed: row(499, "client_closed_request", false, "The client left before the answer."),
  tokenizer_unavailable: row(
    503,
    "service_unavailable",
    true,
    "The tokenizer could not be loaded or reached. Requests are routed by an estimate meanwhile.",
  ),
  tokenizer_malformed: row(
    500,
    "configuration_error",
    false,
    "A tokenizer file is missing or malformed. The message names the file and the field.",
  ),
  template_error: row(400, "invalid_request_error", false, "The chat template refuses these messages."),
  invalid_configuration: row(
    500,
    "configuration_error",
    false,
    "A configuration key or value is wrong. The message names it and what is allowed.",
  ),
  port_in_use: row(500, "configuration_error", false, "The address is taken. Stop the other process or choose a port."),
  malformed_event: row(500, "engine_error", false, "An engine published an event that cannot be decoded."),
  event_gap: row(500, "engine_error", true, "Events were lost and could not be replayed."),
  hash_mismatch: row(
    500,
    "engine_error",
    false,
    "An engine's block hash is not what its configuration says. Check algorithm and seed.",
  ),
  index_full: row(500, "capacity_error", true, "The index cannot take more within its byte budget."),
  internal_error: row(500, "internal_error", true, "A defect in Warmpath. Please report it with the request id."),
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Body of an error answer in OpenAI's shape. */
export interface OpenAIErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

const MARK = Symbol.for("warmpath.error");

/** The one error class. `code` is stable; `message` names what was wrong and what to do. */
export class WarmpathError extends Error {
  readonly code: ErrorCode;
  /** The request field at fault, where there is one. */
  readonly param: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; param?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "WarmpathError";
    this.code = code;
    this.param = options.param;
    Object.defineProperty(this, MARK, { value: true });
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** The body that a client of an OpenAI API expects. */
  toOpenAI(): OpenAIErrorBody {
    const { type } = ERROR_CODES[this.code];
    return { error: { message: this.message, type, param: this.param ?? null, code: this.code } };
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static isInstance(value: unknown): value is WarmpathError {
    return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[MARK] === true;
  }
}
