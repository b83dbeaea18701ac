import { isDict, isList, type PyDict, PyTuple, type PyValue } from "../python/values";
import { invalid } from "./errors";
import { isText } from "./fields";
import { rebuildToolCalls } from "./tool-calls";
import { countCustomPart, fitsOpenAIPart } from "./validate-part";

/** id, type, function, its name and its arguments. */
const KEYS_OF_A_CALL = 5;
const CUSTOM_KEYS = ["content", "name", "tool_call_id", "tool_calls", "reasoning", "tools", "task"];
/** Keys that OpenAI's message type of a role declares beside `role`. */
const OPENAI_KEYS: Readonly<Record<string, readonly string[]>> = {
  system: ["content", "name"],
  developer: ["content", "name"],
  user: ["content", "name"],
  assistant: ["content", "name", "audio", "function_call", "refusal", "tool_calls"],
  tool: ["content", "tool_call_id"],
  function: ["content", "name"],
};

/**
 * Checks a message as vLLM's union of message types does, and returns it with rebuilt tool calls. Two types compete:
 * OpenAI's of the role, and vLLM's own, which allows more kinds of parts; the one that declares more of the keys
 * there wins, OpenAI's on a tie. Throws `invalid_request` where the engine answers 400.
 *
 * Parts of OpenAI's types are checked only when they are read, which Harmony does not always do: with `lazyParts` they
 * are left unchecked, as a PyTuple.
 */
export function validateMessage(value: PyValue, index: number, lazyParts = false): PyDict {
  const param = `messages.${index}`;
  if (!isDict(value)) return invalid(param, `${param} must be an object.`);
  const role = value.get("role");
  if (!isText(role)) return invalid(`${param}.role`, `${param}.role must be a string.`);
  const message = normalize(value, role, param);
  const custom = countCustom(message);
  const openai = countOpenAI(message, role);
  if (custom === undefined && openai === undefined) return invalid(param, `${param} has a field of a wrong type.`);
  const content = message.get("content");
  if (!isList(content) || openai === undefined || (custom !== undefined && custom > openai)) return message;
  if (lazyParts) return message.set("content", PyTuple.from(content)) as PyDict;
  checkParts(content, role, param);
  return message;
}

/** Renames `reasoning_content`, and rebuilds an assistant's tool calls in the declared order. */
function normalize(source: PyDict, role: string, param: string): PyDict {
  const message: PyDict = new Map(source);
  const renamed = message.get("reasoning_content") ?? null;
  message.delete("reasoning_content");
  if (renamed !== null && (message.get("reasoning") ?? null) === null) message.set("reasoning", renamed);
  const calls = message.get("tool_calls") ?? null;
  if (role === "assistant" && calls !== null) message.set("tool_calls", rebuildToolCalls(calls, param));
  return message;
}

/** Declared keys of vLLM's own message type, parts included; undefined when the message does not fit it. */
function countCustom(message: PyDict): number | undefined {
  if (!CUSTOM_KEYS.every((key) => !message.has(key) || fitsCustom(key, message.get(key) as PyValue))) return undefined;
  const calls = message.get("role") === "assistant" ? message.get("tool_calls") : undefined;
  const keys = CUSTOM_KEYS.filter((key) => message.has(key)).length;
  let count = keys + (isList(calls) ? calls.length * KEYS_OF_A_CALL : 0);
  const content = message.get("content");
  if (!isList(content)) return count;
  for (const part of content) {
    const filled = countCustomPart(part);
    if (filled === undefined) return undefined;
    count += filled;
  }
  return count;
}

function fitsCustom(key: string, value: PyValue): boolean {
  switch (key) {
    case "content":
      return isText(value) || isList(value);
    case "name":
      return isText(value);
    case "tool_calls":
    case "tools":
      return value === null || isList(value);
    case "reasoning":
      return value === null || isText(value) || isDict(value);
    default:
      return value === null || isText(value);
  }
}

/** Declared keys of OpenAI's type for the role; undefined when the message does not fit it. */
function countOpenAI(message: PyDict, role: string): number | undefined {
  const keys = OPENAI_KEYS[role];
  if (!keys) return undefined;
  const content = message.get("content");
  const mayLackContent = role === "assistant";
  const mayBeNull = role === "assistant" || role === "function";
  if (content === undefined && !mayLackContent) return undefined;
  if (content === null && !mayBeNull) return undefined;
  if (content !== undefined && content !== null && !isText(content) && !isList(content)) return undefined;
  if (message.has("name") && keys.includes("name") && !isText(message.get("name"))) return undefined;
  if (role === "function" && (!message.has("name") || isList(content))) return undefined;
  if (role === "tool" && !isText(message.get("tool_call_id"))) return undefined;
  if (role === "assistant" && message.get("tool_calls") === null) return undefined;
  return keys.filter((key) => message.has(key)).length;
}

function checkParts(content: readonly PyValue[], role: string, param: string): void {
  content.forEach((part, i) => {
    if (!fitsOpenAIPart(role, part)) invalid(`${param}.content.${i}`, `${param}.content.${i} is not a valid part.`);
  });
}
