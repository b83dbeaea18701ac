import { ERROR_CODES, WarmpathError } from "@warmpath/contracts";
import { errorBody } from "@warmpath/inference-api";
import type { Exchange } from "../http/exchange";
import type { Refusal } from "../http/server";

/** Seconds after which a client may try again, where trying again can help. */
const RETRY_AFTER_SECONDS = 1;

/** Header lines and body of an error answer in OpenAI's shape. */
export function errorAnswer(error: WarmpathError): Refusal {
  const again = (error.status === 503 || error.status === 429) && ERROR_CODES[error.code].retryable;
  const retry = again ? `retry-after: ${RETRY_AFTER_SECONDS}\r\n` : "";
  return { fields: `content-type: application/json\r\n${retry}`, body: errorBody(error) };
}

/** Answers with an error in OpenAI's shape. `extra` are further header lines. */
export function answerError(exchange: Exchange, error: WarmpathError, extra = ""): void {
  const { fields, body } = errorAnswer(error);
  exchange.answer(error.status, fields + extra, body);
}

/** What may be told to a client about any thrown value: defects are named as such, with no detail from inside. */
export function publicError(error: unknown): WarmpathError {
  if (WarmpathError.isInstance(error)) return error;
  return new WarmpathError("internal_error", "The gateway failed on this request.", { cause: error });
}
