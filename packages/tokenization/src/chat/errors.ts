import { WarmpathError } from "@warmpath/contracts";

/** The engine answers 400 because of `param`: ends with `invalid_request`. */
export function invalid(param: string, what: string): never {
  throw new WarmpathError("invalid_request", what, { param });
}

/** Only the engine itself can make this prompt: ends with `tokenizer_unavailable`. */
export function unavailable(what: string): never {
  throw new WarmpathError("tokenizer_unavailable", what);
}
