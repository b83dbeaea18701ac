import type { Tokenizer } from "@warmpath/contracts";

/** How a text is encoded. */
export interface EncodeOptions {
  /** Adds what the tokenizer puts around a text, such as a beginning-of-sequence id. */
  readonly addSpecialTokens: boolean;
}

/** How ids are decoded. */
export interface DecodeOptions {
  /** Leaves special tokens out of the text. Default false. */
  readonly skipSpecialTokens?: boolean;
}

/** A chat body, prepared and rendered as the engine does it. */
export interface RenderedChat {
  /** The prompt's text; for Harmony the decoded ids. */
  readonly text: string;
  /** The prompt's ids, as the engine would compute them. */
  readonly tokenIds: Uint32Array;
  /** Messages as the template sees them; undefined where no template is used. */
  readonly messages: readonly unknown[] | undefined;
  /** All other arguments of the template, tools included; undefined where no template is used. */
  readonly templateArguments: Readonly<Record<string, unknown>> | undefined;
}

/** A tokenizer that runs in this process. */
export interface LocalTokenizer extends Tokenizer {
  /** Token ids of a text. Lone surrogates count as U+FFFD. */
  encode(text: string, options: EncodeOptions): Uint32Array;
  /** Text of token ids; ids that the vocabulary lacks give nothing. */
  decode(ids: Uint32Array | readonly number[], options?: DecodeOptions): string;
  /**
   * Prepares and renders a chat body. A body given as bytes or JSON text keeps the difference between 1 and 1.0;
   * a parsed object has lost it. Throws `invalid_request` or `template_error` where the engine answers 400.
   */
  renderChat(body: Uint8Array | string | object): RenderedChat;
  /** Highest id + 1. */
  readonly vocabularySize: number;
  /** SHA-256 of the chat template's text in lower-case hex; undefined without a template. */
  readonly chatTemplateSha256: string | undefined;
}
