import { WarmpathError } from "@warmpath/contracts";

/** The body is not a JSON object that ends where it should. */
export function invalidJson(what: string): WarmpathError {
  return new WarmpathError("invalid_json", `The body is not a valid JSON object: ${what}.`);
}

/** A whole body would go on where this one ends. */
export function endsTooEarly(): WarmpathError {
  return invalidJson("it ends too early");
}

export function unexpectedByte(at: number): WarmpathError {
  return invalidJson(`unexpected byte at offset ${at}`);
}

/** A field has a wrong type or value; `param` is its path, `expected` says what would be right. */
export function invalidField(param: string, expected: string): WarmpathError {
  return new WarmpathError("invalid_request", `'${param}' must be ${expected}.`, { param });
}

/** A field without which the request cannot be routed is absent. */
export function missingField(param: string): WarmpathError {
  return new WarmpathError("missing_required_parameter", `Missing required parameter: '${param}'.`, { param });
}
