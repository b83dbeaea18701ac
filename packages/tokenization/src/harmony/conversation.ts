import { invalid } from "../chat/errors";
import { isText } from "../chat/fields";
import { isDict, isList, isTruthy, type PyDict, PyTuple, type PyValue } from "../python/values";

/** One Harmony message: header fields and plain texts, each encoded by itself. */
export interface HarmonyMessage {
  /** What stands after `<|start|>`: a role, or a tool's name. */
  readonly author: string;
  readonly texts: readonly string[];
  readonly channel?: string;
  readonly recipient?: string;
  readonly contentType?: string;
}

const ROLES = new Set(["system", "developer", "user", "assistant", "tool"]);

/** The leading system or developer message's text, and the messages after it. */
export function takeInstructions(messages: readonly PyDict[]): {
  instructions: string | undefined;
  rest: readonly PyDict[];
} {
  const [first] = messages;
  const role = first?.get("role");
  if (!first || (role !== "system" && role !== "developer")) return { instructions: undefined, rest: messages };
  return { instructions: flattenText(first.get("content") ?? null), rest: messages.slice(1) };
}

/** Chat messages as Harmony messages, as vLLM's `parse_chat_inputs_to_harmony_messages` makes them. */
export function toHarmony(messages: readonly PyDict[]): HarmonyMessage[] {
  const toolNames = new Map<PyValue, string>();
  for (const call of messages.flatMap(toolCalls)) toolNames.set(call.get("id") as PyValue, functionOf(call).name);
  return dropOldReasoning(messages.flatMap((message) => convert(message, toolNames)));
}

function toolCalls(message: PyDict): PyDict[] {
  const calls = message.get("tool_calls") ?? [];
  return isList(calls) ? calls.filter(isDict) : invalid("messages", "tool_calls must be an array.");
}

function functionOf(call: PyDict): { name: string; text: string } {
  const definition = call.get("function");
  const [name, text] = isDict(definition) ? [definition.get("name"), definition.get("arguments")] : [];
  return { name: isText(name) ? name : "", text: isText(text) ? text : "" };
}

/** All texts of a content, glued; undefined where there is none. Parts that were not checked are not read. */
function flattenText(content: PyValue): string | undefined {
  if (isText(content)) return content;
  if (!isList(content) || content instanceof PyTuple) return undefined;
  const texts = content.flatMap((part) => {
    const text = isDict(part) ? part.get("text") : part;
    return isText(text) ? [text] : [];
  });
  return texts.length > 0 ? texts.join("") : undefined;
}

function convert(message: PyDict, toolNames: ReadonlyMap<PyValue, string>): HarmonyMessage[] {
  const role = message.get("role") as string;
  if (!ROLES.has(role)) return invalid("messages", `Harmony has no role '${role}'.`);
  const calls = toolCalls(message);
  if (role === "assistant" && calls.length > 0) return callingTurn(message, calls);
  if (role === "assistant") return [...reasoningOf(message), ...finalOf(message)];
  if (role === "tool") return [toolResult(message, toolNames)];
  if (role === "user") return [{ author: "user", texts: partTexts(message) }];
  const text = flattenText(message.get("content") ?? null);
  return text === undefined ? [] : [developerMessage(text)];
}

function callingTurn(message: PyDict, calls: readonly PyDict[]): HarmonyMessage[] {
  const text = flattenText(message.get("content") ?? null) ?? "";
  return [
    ...(text === "" ? [] : [{ author: "assistant", channel: "commentary", texts: [text] }]),
    ...reasoningOf(message),
    ...calls.map(functionOf).map((call) => ({
      author: "assistant",
      recipient: `functions.${call.name}`,
      channel: "commentary",
      contentType: "json",
      texts: [call.text],
    })),
  ];
}

function reasoningOf(message: PyDict): HarmonyMessage[] {
  const text = message.get("reasoning") ?? null;
  if (!isTruthy(text)) return [];
  return isText(text)
    ? [{ author: "assistant", channel: "analysis", texts: [text] }]
    : invalid("messages", "reasoning must be a string.");
}

/** An assistant's answer; nothing when its first part has no text. */
function finalOf(message: PyDict): HarmonyMessage[] {
  const texts = partTexts(message);
  return texts[0] ? [{ author: "assistant", channel: "final", texts }] : [];
}

function partTexts(message: PyDict): string[] {
  const content = message.get("content") ?? "";
  if (isText(content)) return [content];
  if (content instanceof PyTuple && content.length > 0) return invalid("messages", "A content part is not valid.");
  return isList(content) ? content.map(partText) : [""];
}

function partText(part: PyValue): string {
  const text = isDict(part) ? (part.has("text") ? part.get("text") : "") : undefined;
  return isText(text) ? text : invalid("messages", "A content part has no text.");
}

function toolResult(message: PyDict, toolNames: ReadonlyMap<PyValue, string>): HarmonyMessage {
  const name = toolNames.get(message.get("tool_call_id") ?? "") ?? "";
  return {
    author: `functions.${name}`,
    recipient: "assistant",
    channel: "commentary",
    texts: [flattenText(message.get("content") ?? null) ?? ""],
  };
}

/** A developer message that holds instructions and, for the first one, the tools. */
export function developerMessage(instructions: string | undefined, tools?: string): HarmonyMessage {
  const sections = instructions === undefined ? [] : ["# Instructions", instructions];
  return { author: "developer", texts: [[...sections, ...(tools === undefined ? [] : [tools])].join("\n\n")] };
}

/** Reasoning is kept only after the last final answer. */
function dropOldReasoning(messages: readonly HarmonyMessage[]): HarmonyMessage[] {
  const lastFinal = messages.findLastIndex(({ author, channel }) => author === "assistant" && channel === "final");
  return messages.filter(({ channel }, i) => i >= lastFinal || channel !== "analysis");
}
