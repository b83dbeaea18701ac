import { type ErrorCode, WarmpathError } from "@warmpath/contracts";

/** Names that vLLM gives to the statuses it answers with. */
const TYPE_OF_STATUS: Readonly<Record<number, string>> = {
  400: "BadRequestError",
  403: "PermissionDeniedError",
  404: "NotFoundError",
  500: "InternalServerError",
  501: "NotImplementedError",
};

/** An answer other than 200, with the body that vLLM sends. */
export class Refusal extends WarmpathError {
  readonly httpStatus: number;
  readonly answer: unknown;

  constructor(code: ErrorCode, httpStatus: number, answer: unknown, message: string) {
    super(code, message);
    this.httpStatus = httpStatus;
    this.answer = answer;
  }
}

/** vLLM's error object: `{error: {message, type, param, code}}`. */
export function refuse(status: number, message: string, options: { param?: string; type?: string } = {}): Refusal {
  const type = options.type ?? TYPE_OF_STATUS[status] ?? "InternalServerError";
  const code: ErrorCode = status === 404 ? "model_not_found" : status >= 500 ? "internal_error" : "invalid_request";
  return new Refusal(code, status, { error: { message, type, param: options.param ?? null, code: status } }, message);
}

/** A refusal for a parameter, as vLLM's own checks word it. */
export function refuseParameter(message: string, param: string, value?: number): Refusal {
  const suffix = value === undefined ? `(parameter=${param})` : `(parameter=${param}, value=${value})`;
  return refuse(400, `${message} ${suffix}`, { param });
}

/** What the web framework answers by itself: `{detail}`. */
export function refusePlainly(status: number, detail: string): Refusal {
  return new Refusal(status === 404 ? "unknown_url" : "method_not_allowed", status, { detail }, detail);
}
