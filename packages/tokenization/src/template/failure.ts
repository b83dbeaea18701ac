/** A template refuses its input: by `raise_exception`, or by an operation that Python refuses too. */
export class TemplateFailure extends Error {}

/** Ends with a TemplateFailure; usable where a value is expected. */
export function fail(message: string): never {
  throw new TemplateFailure(message);
}

/** The template asks for something that this implementation does not know; what the engine does is unknown. */
export class TemplateUnsupported extends Error {}

/** Ends with a TemplateUnsupported; usable where a value is expected. */
export function unsupported(what: string): never {
  throw new TemplateUnsupported(`the chat template uses ${what}, which is not supported`);
}
