import { invalid } from "../chat/errors";
import { readMessages } from "../chat/messages";
import { readEffort, readTemplateArguments } from "../chat/template-arguments";
import { readTools } from "../chat/tools";
import type { TextEncoding } from "../encoder/encoder";
import { isWellFormed } from "../encoder/well-formed";
import type { PyDict } from "../python/values";
import { type HarmonyMessage, takeInstructions, toHarmony } from "./conversation";
import { preamble } from "./preamble";

/** Special tokens of the Harmony format; a vocabulary that has them all is rendered with it. */
const TOKENS = ["<|start|>", "<|message|>", "<|end|>", "<|channel|>", "<|call|>"] as const;
const EFFORTS = new Set(["low", "medium", "high"]);

/** Renders chats of models whose prompts are Harmony messages, not the output of a template. */
export interface HarmonyRenderer {
  /** Token ids of a chat body, up to where the assistant's turn begins. */
  render(body: PyDict): number[];
}

/** What a Harmony prompt depends on beside the body. */
export interface HarmonyOptions {
  /** `YYYY-MM-DD` of the system block. */
  readonly date: () => string;
  readonly excludeToolsWhenNone: boolean;
}

/** A renderer, or undefined when the vocabulary lacks a token of the format. */
export function createHarmonyRenderer(encoding: TextEncoding, options: HarmonyOptions): HarmonyRenderer | undefined {
  const [start, message, end, channel, call] = TOKENS.map((token) => encoding.idOf(token));
  if (start === undefined || message === undefined || end === undefined) return undefined;
  if (channel === undefined || call === undefined) return undefined;

  const plain = (text: string): number[] =>
    isWellFormed(text) ? encoding.encodeOrdinary(text) : invalid("messages", "A text holds half a surrogate pair.");
  const renderMessage = (item: HarmonyMessage): number[] => {
    const isCall = item.author === "assistant" && item.recipient !== undefined;
    return [start, ...header(item, channel, plain), message, ...item.texts.flatMap(plain), isCall ? call : end];
  };
  return {
    render(body) {
      const items = harmonyMessages(body, options);
      return [...items.flatMap(renderMessage), start, ...plain("assistant")];
    },
  };
}

/** The header's ids: `assistant to=functions.f<|channel|>commentary json` for a call, `NAME<|channel|>… to=assistant` for a result. */
function header(item: HarmonyMessage, channel: number, plain: (text: string) => number[]): number[] {
  const to = item.recipient === undefined ? "" : ` to=${item.recipient}`;
  // A call keeps its recipient with the author, as the model was trained; a result has it after the channel.
  const isCall = item.contentType !== undefined;
  const type = item.contentType === undefined ? "" : ` ${item.contentType}`;
  const ids = plain(item.author + (isCall ? to : ""));
  if (item.channel === undefined) return ids;
  return [...ids, channel, ...plain(item.channel + (isCall ? type : to))];
}

function harmonyMessages(body: PyDict, options: HarmonyOptions): HarmonyMessage[] {
  const messages = readMessages(body, true);
  const allTools = readTools(body) ?? [];
  // The template's arguments are not used, but a body that the engine refuses because of them is refused.
  readTemplateArguments(withoutTemplate(body), undefined, new Map());
  const effort = readEffort(body) ?? "medium";
  if (!EFFORTS.has(effort)) invalid("reasoning_effort", `Harmony does not support reasoning_effort '${effort}'.`);
  const tools = options.excludeToolsWhenNone && body.get("tool_choice") === "none" ? [] : allTools;
  const { instructions, rest } = takeInstructions(messages);
  return [...preamble({ effort, date: options.date(), instructions, tools }), ...toHarmony(rest)];
}

/** Harmony ignores a template in the request instead of refusing it. */
function withoutTemplate(body: PyDict): PyDict {
  const copy: PyDict = new Map(body);
  copy.delete("chat_template");
  copy.delete("chat_template_kwargs");
  return copy;
}
