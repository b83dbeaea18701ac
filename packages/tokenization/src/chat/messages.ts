import { isDict, isList, type PyDict, type PyValue } from "../python/values";
import type { ContentFormat } from "../template/content-format";
import { prepareContent } from "./content";
import { invalid, unavailable } from "./errors";
import { isText } from "./fields";
import { parseArguments } from "./tool-calls";
import { validateMessage } from "./validate-message";

/** The body's messages, checked; `lazyParts` as for `validateMessage`. */
export function readMessages(body: PyDict, lazyParts = false): PyDict[] {
  const messages = body.get("messages");
  if (!isList(messages)) return invalid("messages", "messages must be an array.");
  return messages.map((message, i) => validateMessage(message, i, lazyParts));
}

/** Messages as vLLM hands them to a template. */
export function prepareMessages(messages: readonly PyDict[], format: ContentFormat): PyDict[] {
  return messages.map((message) => prepareMessage(message, format));
}

function prepareMessage(message: PyDict, format: ContentFormat): PyDict {
  const role = message.get("role") as PyValue;
  const out: PyDict = new Map<PyValue, PyValue>([
    ["role", role],
    ["content", prepareContent(message, format)],
  ]);
  if (role === "assistant") addAssistantFields(message, out);
  if (role === "tool" && message.has("tool_call_id")) out.set("tool_call_id", message.get("tool_call_id") as PyValue);
  for (const key of ["name", "task"]) {
    const value = message.get(key);
    if (isText(value)) out.set(key, value);
  }
  if (role === "developer") out.set("tools", message.get("tools") ?? null);
  return out;
}

function addAssistantFields(message: PyDict, out: PyDict): void {
  const calls = message.get("tool_calls");
  if (isList(calls) && calls.length > 0) out.set("tool_calls", parseArguments(calls));
  const reasoning = message.get("reasoning") ?? null;
  if (isDict(reasoning)) unavailable("Embedded reasoning can only be tokenized by the engine.");
  if (reasoning === null) return;
  out.set("reasoning", reasoning);
  out.set("reasoning_content", reasoning);
}

/** For a template that does not know the role `developer`: makes it `system`, and all system messages one at the front. */
export function developerToSystem(messages: readonly PyDict[]): PyDict[] {
  const converted = messages.map((message) => {
    if (message.get("role") !== "developer") return message;
    const system = new Map(message).set("role", "system");
    system.delete("tools");
    return system;
  });
  const systems = converted.filter((message) => message.get("role") === "system");
  if (systems.length <= 1 && converted[0] === (systems[0] ?? converted[0])) return converted;
  const contents = systems.map((message) => contentText(message.get("content") ?? "")).filter((text) => text !== "");
  const merged: PyDict = new Map<PyValue, PyValue>([
    ["role", "system"],
    ["content", contents.join("\n\n")],
  ]);
  return [merged, ...converted.filter((message) => message.get("role") !== "system")];
}

function contentText(content: PyValue): string {
  if (!isList(content)) return isText(content) ? content : "";
  return content
    .flatMap((part) => (isDict(part) && part.has("text") ? [part.get("text") as string] : isText(part) ? [part] : []))
    .join("\n");
}
