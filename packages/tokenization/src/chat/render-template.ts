import { WarmpathError } from "@warmpath/contracts";
import type { PyDict, PyValue } from "../python/values";
import type { ContentFormat } from "../template/content-format";
import { TemplateFailure } from "../template/failure";
import type { ChatTemplate } from "../template/template";
import { renderContinued } from "./continue-final";
import { invalid } from "./errors";
import { developerToSystem, prepareMessages, readMessages } from "./messages";
import { readTemplateArguments } from "./template-arguments";
import type { TemplateSet } from "./template-set";
import { readTools } from "./tools";

/** What rendering needs beside the body. */
export interface RenderContext {
  readonly templates: TemplateSet;
  /** `bos_token`, `eos_token` and the like, by name. */
  readonly specialTokens: ReadonlyMap<string, string>;
  /** Overrides what the template's syntax tree says. */
  readonly contentFormat: ContentFormat | undefined;
  /** The server's default template arguments. */
  readonly defaults: PyDict;
  /** True when the server leaves tools out for `tool_choice: "none"`. */
  readonly excludeToolsWhenNone: boolean;
  readonly now: () => Date;
}

/** A rendered chat, before it is encoded. */
export interface RenderedText {
  readonly text: string;
  readonly messages: readonly PyDict[];
  readonly templateArguments: ReadonlyMap<string, PyValue>;
}

/** Arguments that belong to transformers' `apply_chat_template` and never reach the template. */
const NOT_FOR_TEMPLATES = new Set([
  ...["messages", "chat_template", "continue_final_message", "tokenize", "sanitize_control_tokens", "padding"],
  ...["truncation", "max_length", "return_tensors", "return_dict", "return_assistant_tokens_mask", "tokenizer_kwargs"],
]);
/** Of those, the ones with which the engine answers 400. */
const REFUSED = ["messages", "conversation", "sanitize_control_tokens", "return_assistant_tokens_mask"];

/** Prepares and renders a chat body with the tokenizer's template, as vLLM does. */
export function renderTemplate(body: PyDict, context: RenderContext): RenderedText {
  const validated = readMessages(body);
  const allTools = readTools(body);
  const tools = context.excludeToolsWhenNone && body.get("tool_choice") === "none" ? undefined : allTools;
  const templateArguments = readTemplateArguments(body, tools, context.defaults);
  const template = context.templates.select((templateArguments.get("tools") ?? null) !== null);
  const messages = prepareMessages(validated, context.contentFormat ?? template.contentFormat);
  checkArguments(messages, templateArguments);
  const shown = hasUnknownDeveloper(messages, template) ? developerToSystem(messages) : messages;
  return { text: run(template, shown, templateArguments, context), messages, templateArguments };
}

function hasUnknownDeveloper(messages: readonly PyDict[], template: ChatTemplate): boolean {
  return !template.knowsDeveloper && messages.some((message) => message.get("role") === "developer");
}

function checkArguments(messages: readonly PyDict[], given: ReadonlyMap<string, PyValue>): void {
  for (const name of REFUSED)
    if (given.get(name)) invalid("chat_template_kwargs", `${name} is not a template argument.`);
  if (messages.length === 0) invalid("messages", "Cannot apply chat template to an empty conversation.");
  if (given.get("continue_final_message") === true && given.get("add_generation_prompt") === true) {
    invalid("continue_final_message", "continue_final_message needs add_generation_prompt to be false.");
  }
}

function run(
  template: ChatTemplate,
  messages: readonly PyDict[],
  given: ReadonlyMap<string, PyValue>,
  context: RenderContext,
): string {
  const variables = new Map<string, PyValue>([
    ["tools", null],
    ["documents", null],
    ...context.specialTokens,
    ...[...given].filter(([name]) => !NOT_FOR_TEMPLATES.has(name)),
  ]);
  const render = (list: readonly PyDict[]): string =>
    guarded(() => template.render(new Map(variables).set("messages", [...list]), context.now));
  return given.get("continue_final_message") === true ? renderContinued(messages, render) : render(messages);
}

/** Runs a template; what Python refuses becomes `template_error`, what is not supported here `tokenizer_unavailable`. */
function guarded(render: () => string): string {
  try {
    return render();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown";
    if (cause instanceof TemplateFailure) throw new WarmpathError("template_error", reason, { cause });
    throw new WarmpathError("tokenizer_unavailable", `The chat template failed: ${reason}.`, { cause });
  }
}
