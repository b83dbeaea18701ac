import type { ContentFormat } from "./template/content-format";

/** How the engine serves the model, where that changes a prompt. Defaults are vLLM's. */
export interface LocalTokenizerOptions {
  /** For logs and metrics. Default `local`. */
  readonly name?: string | undefined;
  /**
   * Whose rules are followed where tokenizer.json and the engine differ: `vllm` applies what transformers 5 does because
   * of `tokenizer_class` (GPT2Tokenizer replaces the file's pre-tokenizer); `file` follows tokenizer.json alone. Default `vllm`.
   */
  readonly rules?: "vllm" | "file" | undefined;
  /** A chat template that replaces the tokenizer's own: vLLM's `--chat-template`, as text. */
  readonly chatTemplate?: string | undefined;
  /** vLLM's `--chat-template-content-format`. Default: found in the template. */
  readonly contentFormat?: ContentFormat | undefined;
  /** vLLM's `--default-chat-template-kwargs`. Default none. */
  readonly defaultTemplateArguments?: Readonly<Record<string, unknown>> | undefined;
  /** vLLM's `--exclude-tools-when-tool-choice-none`. Default false. */
  readonly excludeToolsWhenToolChoiceNone?: boolean | undefined;
  /**
   * How chats become prompts: by template, or as Harmony messages. Default `auto`: Harmony where config.json says
   * `gpt_oss`, or, without a config.json, where the vocabulary has Harmony's tokens.
   */
  readonly chatFormat?: "auto" | "template" | "harmony" | undefined;
  /** `YYYY-MM-DD` in Harmony's system block: vLLM's `VLLM_SYSTEM_START_DATE`. Default: the date of `now`. */
  readonly systemStartDate?: string | undefined;
  /** The time that templates and Harmony print, in the local time zone. Default the system's clock. */
  readonly now?: (() => Date) | undefined;
}
