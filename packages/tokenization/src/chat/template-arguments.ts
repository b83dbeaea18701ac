import { isDict, isList, type PyDict, type PyValue } from "../python/values";
import { invalid } from "./errors";
import { booleanField, isText, objectField } from "./fields";

const EFFORTS = new Set(["none", "minimal", "low", "medium", "high", "xhigh", "max"]);

/**
 * Arguments of the template beside the messages, in vLLM's order: server defaults and tools, `chat_template_kwargs`,
 * then the body's own fields. Values that are null or "auto" do not override.
 */
export function readTemplateArguments(
  body: PyDict,
  tools: readonly PyDict[] | undefined,
  defaults: PyDict,
): Map<string, PyValue> {
  const given = objectField(body, "chat_template_kwargs") ?? new Map<PyValue, PyValue>();
  refuseTemplate(body, given);
  const out = new Map<string, PyValue>();
  const merge = (entries: Iterable<readonly [PyValue, PyValue | undefined]>): void => {
    for (const [key, value] of entries) if (!isUnset(value)) out.set(String(key), value as PyValue);
  };
  merge(defaults);
  merge([["tools", tools ? [...tools] : undefined]]);
  merge(given);
  merge(bodyArguments(body, given));
  return out;
}

function isUnset(value: PyValue | undefined): boolean {
  return value === undefined || value === null || value === "auto";
}

function refuseTemplate(body: PyDict, given: PyDict): void {
  if ((body.get("chat_template") ?? null) === null && (given.get("chat_template") ?? null) === null) return;
  invalid("chat_template", "A chat template in the request is refused.");
}

function bodyArguments(body: PyDict, given: PyDict): [string, PyValue | undefined][] {
  const generate = booleanField(body, "add_generation_prompt", true);
  const proceed = booleanField(body, "continue_final_message", false);
  if (proceed && generate && body.has("add_generation_prompt")) {
    invalid("continue_final_message", "Cannot set both `continue_final_message` and `add_generation_prompt` to True.");
  }
  const effort = readEffort(body);
  return [
    ["add_generation_prompt", generate],
    ["continue_final_message", proceed],
    ["documents", readDocuments(body)],
    ["reasoning_effort", effort],
    ["enable_thinking", effort === undefined || given.has("enable_thinking") ? undefined : effort !== "none"],
  ];
}

/** The body's `reasoning_effort`; undefined when it is absent or null. */
export function readEffort(body: PyDict): string | undefined {
  const effort = body.get("reasoning_effort") ?? null;
  if (effort === null) return undefined;
  if (isText(effort) && EFFORTS.has(effort)) return effort;
  return invalid("reasoning_effort", `reasoning_effort must be one of ${[...EFFORTS].join(", ")}.`);
}

function readDocuments(body: PyDict): PyValue[] | undefined {
  const documents = body.get("documents") ?? null;
  if (documents === null) return undefined;
  const isDocument = (document: PyValue): boolean => isDict(document) && [...document.values()].every(isText);
  if (isList(documents) && documents.every(isDocument)) return documents;
  return invalid("documents", "documents must be an array of objects whose values are strings.");
}
