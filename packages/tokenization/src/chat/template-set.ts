import { type ChatTemplate, compileTemplate } from "../template/template";
import { unavailable } from "./errors";

/** The chat templates of one tokenizer: `default`, and sometimes `tool_use` and others. */
export interface TemplateSet {
  /** The template for a request with or without tools, as transformers chooses it. */
  select(hasTools: boolean): ChatTemplate;
  /** SHA-256 of the default template's source; undefined without one. */
  readonly sha256: string | undefined;
}

/** Templates by name; each is parsed when first used. */
export function createTemplateSet(sources: ReadonlyMap<string, string>): TemplateSet {
  const compiled = new Map<string, ChatTemplate>();
  const compile = (name: string): ChatTemplate => {
    const source = sources.get(name);
    if (source === undefined) return unavailable(`The tokenizer has no chat template called ${name}.`);
    const known = compiled.get(name) ?? compileReadable(source, name);
    compiled.set(name, known);
    return known;
  };
  return {
    select: (hasTools) => compile(hasTools && sources.has("tool_use") ? "tool_use" : "default"),
    get sha256() {
      return sources.has("default") ? compile("default").sha256 : undefined;
    },
  };
}

function compileReadable(source: string, name: string): ChatTemplate {
  try {
    return compileTemplate(source);
  } catch (error) {
    return unavailable(
      `The chat template ${name} cannot be read: ${error instanceof Error ? error.message : "unknown"}.`,
    );
  }
}
