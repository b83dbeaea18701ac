import { isDict, isList, type PyDict, type PyValue } from "../python/values";
import type { ContentFormat } from "../template/content-format";
import { invalid, unavailable } from "./errors";
import { isText } from "./fields";

const BILLING_HEADER = "x-anthropic-billing-header";

/** Where the text of a part stands, by the part's type. */
const TEXT_KEYS: Readonly<Record<string, string>> = {
  text: "text",
  input_text: "text",
  output_text: "text",
  refusal: "refusal",
  thinking: "thinking",
};
/** Keys that vLLM's part types declare; others are kept beside the text. */
const KNOWN_KEYS = new Set([
  ...["type", "text", "refusal", "thinking", "closed", "name", "uuid", "image_url", "input_audio", "file", "audio_url"],
  ...["video_url", "image_pil", "image_embeds", "audio_embeds", "video_embeds", "data", "prompt_cache_breakpoint"],
]);
const MEDIA = new Set([
  ...["image_url", "input_image", "image_pil", "image_embeds", "audio_url", "input_audio", "audio_embeds"],
  ...["video_url", "video_embeds", "prompt_embeds", "file"],
]);

/** A message's content as the template gets it: one text, or a list of parts. */
export function prepareContent(message: PyDict, format: ContentFormat): PyValue {
  const role = message.get("role");
  const parts = contentParts(message.get("content") ?? null);
  const prepared = (role === "system" ? parts.flatMap(withoutBillingHeader) : parts).flatMap((part) =>
    preparePart(part, format),
  );
  if (format === "string") return prepared.filter((text) => text !== "").join("\n");
  return role === "tool" ? joinTexts(prepared) : prepared;
}

function contentParts(content: PyValue): PyValue[] {
  if (content === null) return [];
  if (isText(content)) return [textPart(content)];
  return isList(content) ? content : [];
}

function textPart(text: string): PyDict {
  return new Map<PyValue, PyValue>([
    ["type", "text"],
    ["text", text],
  ]);
}

/** Claude Code's attribution line changes with every request; the engine drops it from system messages. */
function withoutBillingHeader(part: PyValue): PyValue[] {
  const text = isDict(part) ? (part.get("type") === "text" ? part.get("text") : undefined) : part;
  if (!isText(text) || !text.startsWith(BILLING_HEADER)) return [part];
  const lineEnd = text.indexOf("\n");
  const rest = lineEnd < 0 ? "" : text.slice(lineEnd + 1);
  if (rest === "") return [];
  return [isDict(part) ? new Map(part).set("text", rest) : rest];
}

/** One part as text or as a dict; nothing for a text that is null. */
function preparePart(part: PyValue, format: ContentFormat): PyValue[] {
  if (isText(part)) return [format === "openai" ? textPart(part) : part];
  if (!isDict(part)) return invalid("messages", "A content part must be an object.");
  const type = part.get("type");
  if (!isText(type)) return invalid("messages", "A content part has no type.");
  if (type === "tool_reference") return [toolReference(part, format)];
  const key = TEXT_KEYS[type];
  if (key === undefined || (part.get("uuid") ?? null) !== null) return refusePart(type, part);
  const text = part.get(key) ?? null;
  if (text === null) return [];
  if (!isText(text)) return invalid("messages", `The ${key} of a content part must be a string.`);
  return [format === "openai" ? withExtras(textPart(text), part) : text];
}

function withExtras(target: PyDict, part: PyDict): PyDict {
  for (const [key, value] of part) if (!KNOWN_KEYS.has(String(key))) target.set(key, value);
  return target;
}

function toolReference(part: PyDict, format: ContentFormat): PyValue {
  const name = part.get("name") ?? null;
  if (format === "string") return isText(name) ? name : invalid("messages", "A tool reference has no name.");
  return new Map<PyValue, PyValue>([
    ["type", "tool_reference"],
    ["name", name],
  ]);
}

function refusePart(type: string, part: PyDict): never {
  if (MEDIA.has(type) || [...part.keys()].some((key) => MEDIA.has(String(key)))) {
    return unavailable(`A ${type} part can only be tokenized by the engine.`);
  }
  return invalid("messages", `Unsupported chat content part type: '${type}'.`);
}

/** A tool's parts as one text, unless one of them is not a text. */
function joinTexts(parts: PyValue[]): PyValue {
  const isTextPart = (part: PyValue): part is PyDict => isDict(part) && part.get("type") === "text";
  return parts.every(isTextPart) ? parts.map((part) => part.get("text")).join("\n") : parts;
}
