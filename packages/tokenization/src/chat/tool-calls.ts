import { parsePythonJson } from "../python/parse-json";
import { isDict, isList, isTruthy, type PyDict, type PyValue } from "../python/values";
import { invalid } from "./errors";
import { isText } from "./fields";

/** Rebuilds tool calls in the order of vLLM's types: id, function (arguments, name, extras), type, extras. */
export function rebuildToolCalls(value: PyValue, param: string): PyValue[] {
  // Python makes a list of an object's keys; only an empty one gives valid calls.
  if (isDict(value) && value.size === 0) return [];
  if (!isList(value)) return invalid(`${param}.tool_calls`, `${param}.tool_calls must be an array.`);
  return value.map((call, i) => rebuildToolCall(call, `${param}.tool_calls.${i}`));
}

function rebuildToolCall(call: PyValue, param: string): PyDict {
  if (!isDict(call)) return invalid(param, `${param} must be an object.`);
  const definition = call.get("function") ?? null;
  if (call.get("type") !== "function" || !isDict(definition)) {
    return invalid(param, `${param} must have type "function" and a function.`);
  }
  for (const key of ["arguments", "name"]) {
    if (!isText(definition.get(key))) invalid(`${param}.function`, `${param}.function.${key} must be a string.`);
  }
  if (!isText(call.get("id"))) invalid(`${param}.id`, `${param}.id must be a string.`);
  return reordered(new Map(call).set("function", reordered(definition, ["arguments", "name"])), [
    "id",
    "function",
    "type",
  ]);
}

function reordered(dict: PyDict, first: readonly string[]): PyDict {
  const out: PyDict = new Map();
  for (const key of first) if (dict.has(key)) out.set(key, dict.get(key) as PyValue);
  for (const [key, value] of dict) if (!out.has(key)) out.set(key, value);
  return out;
}

/** Tool calls as a template sees them: arguments parsed, and an empty object where they are not one. */
export function parseArguments(calls: readonly PyValue[]): PyValue[] {
  return calls.map((call) => {
    if (!isDict(call)) return call;
    const definition = call.get("function") as PyDict;
    const parsed = new Map(definition).set("arguments", parsedObject(definition.get("arguments") ?? null));
    return new Map(call).set("function", parsed);
  });
}

function parsedObject(value: PyValue): PyDict {
  if (!isText(value) || !isTruthy(value)) return new Map();
  try {
    const parsed = parsePythonJson(value);
    return isDict(parsed) ? parsed : new Map();
  } catch {
    return new Map();
  }
}
