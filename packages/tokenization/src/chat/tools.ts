import { isDict, isList, type PyDict, type PyValue } from "../python/values";
import { invalid } from "./errors";
import { isText } from "./fields";

/** The body's tools in the order and with the keys that vLLM's types give them; undefined when there are none. */
export function readTools(body: PyDict): PyDict[] | undefined {
  const tools = body.get("tools") ?? null;
  if (isList(tools) && tools.length === 0) {
    return invalid(
      "tools",
      "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.",
    );
  }
  if (tools !== null && !isList(tools)) return invalid("tools", "tools must be an array.");
  const rebuilt = tools?.map(rebuildTool);
  checkToolChoice(body, rebuilt);
  return rebuilt;
}

function rebuildTool(tool: PyValue, index: number): PyDict {
  const param = `tools.${index}`;
  if (!isDict(tool)) return invalid(param, `${param} must be an object.`);
  if (tool.has("type") && tool.get("type") !== "function")
    return invalid(`${param}.type`, 'A tool\'s type must be "function".');
  const definition = tool.get("function") ?? null;
  if (!isDict(definition)) return invalid(`${param}.function`, `${param}.function must be an object.`);
  const defer = optional(tool, "defer_loading", (value) => typeof value === "boolean", param);
  const out: PyDict = new Map<PyValue, PyValue>([
    ["type", "function"],
    ["function", rebuildFunction(definition, defer, `${param}.function`)],
  ]);
  if (defer !== null) out.set("defer_loading", defer);
  return out;
}

function rebuildFunction(source: PyDict, toolDefer: PyValue, param: string): PyDict {
  const name = source.get("name") ?? null;
  if (!isText(name)) return invalid(`${param}.name`, `${param}.name must be a string.`);
  const isBoolean = (value: PyValue): boolean => typeof value === "boolean";
  const strict = optional(source, "strict", isBoolean, param);
  const ownDefer = optional(source, "defer_loading", isBoolean, param);
  const out: PyDict = new Map<PyValue, PyValue>([
    ["name", name],
    ["description", optional(source, "description", isText, param)],
    ["parameters", optional(source, "parameters", isDict, param)],
  ]);
  if (strict !== null) out.set("strict", strict);
  const defer = ownDefer === null ? toolDefer : ownDefer;
  if (defer !== null) out.set("defer_loading", defer);
  return out;
}

function optional(source: PyDict, key: string, check: (value: PyValue) => boolean, param: string): PyValue {
  const value = source.get(key) ?? null;
  return value === null || check(value) ? value : invalid(`${param}.${key}`, `${param}.${key} has a wrong type.`);
}

/** The engine's checks of `tool_choice` against `tools`. */
function checkToolChoice(body: PyDict, tools: readonly PyDict[] | undefined): void {
  const choice = body.get("tool_choice") ?? null;
  if (choice === null || choice === "none") return;
  if (!tools) invalid("tool_choice", "When using `tool_choice`, `tools` must be set.");
  else if (isDict(choice)) checkNamedTool(choice, tools);
  else if (choice !== "auto" && choice !== "required") invalid("tool_choice", "Invalid value for `tool_choice`.");
}

function checkNamedTool(choice: PyDict, tools: readonly PyDict[]): void {
  const wanted = choice.get("function");
  const name = isDict(wanted) ? wanted.get("name") : undefined;
  if (!isText(name) || name === "") {
    invalid("tool_choice.function", "A named `tool_choice` must have a function with a name.");
  }
  if (!tools.some((tool) => (tool.get("function") as PyDict).get("name") === name)) {
    invalid("tool_choice", "The tool specified in `tool_choice` does not match any of the specified `tools`.");
  }
}
