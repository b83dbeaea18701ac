import type { WarmpathError } from "@warmpath/contracts";

/** The body of an error answer, in OpenAI's shape. */
export function errorBody(error: WarmpathError): Uint8Array {
  return Buffer.from(JSON.stringify(error.toOpenAI()));
}

/** One server-sent event with the error. No `[DONE]` follows, so that a client can tell a cut answer from a whole one. */
export function errorEvent(error: WarmpathError): Uint8Array {
  return Buffer.from(`data: ${JSON.stringify(error.toOpenAI())}\n\n`);
}
