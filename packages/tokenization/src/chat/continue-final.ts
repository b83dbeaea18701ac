import { strip } from "../python/text";
import { isDict, isList, type PyDict, type PyValue } from "../python/values";
import { invalid } from "./errors";
import { isText } from "./fields";

/** Marks where the final message ends; a template that trims takes its last character away. */
const TAG = "CONTINUE_FINAL_MESSAGE_TAG ";

/**
 * Renders so that the final message stays open, as transformers does: a tag is appended to it, and the text is cut
 * where the tag stands. Throws `invalid_request` when the template drops the message.
 */
export function renderContinued(messages: readonly PyDict[], render: (messages: readonly PyDict[]) => string): string {
  const { tagged, text } = tagFinal(messages);
  const rendered = render(tagged);
  const at = rendered.lastIndexOf(strip(TAG));
  if (at < 0 || !rendered.includes(strip(text))) {
    return invalid("continue_final_message", "The final message does not appear in the rendered chat.");
  }
  const head = rendered.slice(0, at);
  return rendered.startsWith(TAG, at) ? head : strip(head, "right");
}

function tagFinal(messages: readonly PyDict[]): { tagged: PyDict[]; text: string } {
  const last = messages.at(-1) ?? new Map<PyValue, PyValue>();
  const content = last.get("content") ?? null;
  if (isText(content))
    return { tagged: replaceLast(messages, new Map(last).set("content", content + TAG)), text: content };
  const parts = isList(content) ? content : [];
  const index = parts.findLastIndex((part) => isDict(part) && part.has("text"));
  const part = parts[index];
  const text = isDict(part) ? part.get("text") : undefined;
  if (!isDict(part) || !isText(text))
    return invalid("continue_final_message", "The final message has no text to continue.");
  const tagged = parts.with(index, new Map(part).set("text", text + TAG));
  return { tagged: replaceLast(messages, new Map(last).set("content", tagged)), text };
}

function replaceLast(messages: readonly PyDict[], last: PyDict): PyDict[] {
  return [...messages.slice(0, -1), last];
}
