import { readBody } from "../chat/body";
import { invalid, unavailable } from "../chat/errors";
import { booleanField } from "../chat/fields";
import { prepareMessages, readMessages } from "../chat/messages";
import { readTools } from "../chat/tools";
import { truncatePrompt } from "../chat/truncate";
import type { LocalTokenizer, RenderedChat } from "../local-tokenizer";
import { clientPrompt } from "../prompt";
import { dumpPythonJson } from "../python/dump-json";
import { type PyDict, type PyValue, toJavaScript } from "../python/values";
import { appendWords, decodeWords, END, MESSAGE, START } from "./words";

/**
 * A deterministic tokenizer without files, for simulated engines: about four bytes of text are one token, decoding is
 * exact, and a conversation's prompt begins with the prompt of its previous turn.
 */
export function createSimulatedTokenizer(): LocalTokenizer {
  return {
    contractVersion: 1,
    name: "simulated",
    vocabularySize: 2 ** 32,
    chatTemplateSha256: undefined,
    encode,
    decode: (ids, options) => decodeWords(ids, options?.skipSpecialTokens ?? false),
    renderChat: (body) => renderChat(readBody(body)),
    tokenize(request) {
      if (request.multimodal) unavailable("The simulated tokenizer reads text only.");
      const prompt = request.prompt();
      const given = clientPrompt(prompt);
      if (given) return given;
      const text = prompt.kind === "text" ? prompt.text : prompt.kind === "texts" ? prompt.texts[0] : undefined;
      const tokenIds =
        text === undefined
          ? renderChat(readBody(request.body)).tokenIds
          : truncatePrompt(encode(text), request.value("truncate_prompt_tokens"), request.value("truncation_side"));
      return { tokenIds, exact: true, source: "local", multimodal: [] };
    },
  };
}

function encode(text: string): Uint32Array {
  const ids: number[] = [];
  appendWords(text, ids);
  return Uint32Array.from(ids);
}

function renderChat(body: PyDict): RenderedChat {
  const ids = chatIds(body);
  const cut = truncatePrompt(Uint32Array.from(ids), body.get("truncate_prompt_tokens"), body.get("truncation_side"));
  return {
    tokenIds: cut,
    get text() {
      return decodeWords(ids, false);
    },
    get messages() {
      return prepareMessages(readMessages(body), "string").map(toJavaScript);
    },
    templateArguments: undefined,
  };
}

/** Tools first, then each message between its marks, then the mark of the turn to come. */
function chatIds(body: PyDict): number[] {
  const messages = prepareMessages(readMessages(body), "string");
  const proceed = booleanField(body, "continue_final_message", false);
  const generate = booleanField(body, "add_generation_prompt", true);
  if (messages.length === 0) invalid("messages", "There must be at least one message.");
  if (proceed && generate)
    invalid("continue_final_message", "continue_final_message needs add_generation_prompt false.");
  const ids: number[] = [];
  const tools = readTools(body);
  if (tools) appendTurn("tools", dumpPythonJson([...tools]), ids);
  for (const message of messages) appendTurn(String(message.get("role")), turnText(message), ids);
  if (proceed) ids.pop();
  else if (generate) appendHead("assistant", ids);
  return ids;
}

function appendTurn(role: string, text: string, ids: number[]): void {
  appendHead(role, ids);
  appendWords(text, ids);
  ids.push(END);
}

function appendHead(role: string, ids: number[]): void {
  ids.push(START);
  appendWords(role, ids);
  ids.push(MESSAGE);
}

/** A message's text with its reasoning and tool calls, so that messages that differ give ids that differ. */
function turnText(message: PyDict): string {
  const extras = ["reasoning", "tool_calls", "tool_call_id", "name"].flatMap((key) => {
    const value: PyValue = message.get(key) ?? null;
    return value === null ? [] : [`\n${key}: ${dumpPythonJson(value)}`];
  });
  return `${String(message.get("content"))}${extras.join("")}`;
}
