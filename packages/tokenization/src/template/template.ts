import { createHash } from "node:crypto";
import type { PyValue } from "../python/values";
import { parseTemplate } from "./ast";
import { type ContentFormat, detectContentFormat } from "./content-format";
import { runBlock } from "./evaluate";
import { globalScope } from "./globals";
import { Scope } from "./scope";

/** A chat template, parsed once. */
export interface ChatTemplate {
  readonly source: string;
  /** SHA-256 of the source in lower-case hex. */
  readonly sha256: string;
  readonly contentFormat: ContentFormat;
  /** True when the template names the role `developer`. */
  readonly knowsDeveloper: boolean;
  /** Renders with these variables. Throws TemplateFailure where Python's Jinja raises. */
  render(variables: Iterable<readonly [string, PyValue]>, now: () => Date): string;
}

/** Parses a chat template. Throws SyntaxError when `@huggingface/jinja` cannot read it. */
export function compileTemplate(source: string): ChatTemplate {
  const nodes = parseTemplate(source);
  return {
    source,
    sha256: createHash("sha256").update(source).digest("hex"),
    contentFormat: detectContentFormat(nodes),
    knowsDeveloper: source.includes('"developer"') || source.includes("'developer'"),
    render(variables, now) {
      const scope = new Scope(globalScope(now));
      for (const [name, value] of variables) scope.set(name, value);
      const out: string[] = [];
      runBlock(nodes, scope, out);
      return out.join("");
    },
  };
}
