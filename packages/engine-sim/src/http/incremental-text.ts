import type { EngineTokenizer } from "./tokenizer";

/** Characters that a text may miss at its end because a token holds only a part of them. */
const INCOMPLETE = "\uFFFD";

/** Turns a growing list of tokens into text, piece by piece, without ever taking a character back. */
export class IncrementalText {
  readonly #tokenizer: EngineTokenizer;
  readonly #tokens: number[] = [];
  /** Tokens before this one no longer influence what follows. */
  #prefix = 0;
  /** Tokens before this one have given their text. */
  #read = 0;

  constructor(tokenizer: EngineTokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** The text that a further token adds; empty while a character is incomplete, unless the token is the last. */
  push(token: number, last: boolean): string {
    this.#tokens.push(token);
    const before = this.#decode(this.#prefix, this.#read);
    const text = this.#decode(this.#prefix, this.#tokens.length);
    if (!last && (text.length <= before.length || text.endsWith(INCOMPLETE))) return "";
    this.#prefix = this.#read;
    this.#read = this.#tokens.length;
    return text.slice(before.length);
  }

  #decode(from: number, to: number): string {
    return this.#tokenizer.decode(this.#tokens.slice(from, to), { skipSpecialTokens: true });
  }
}
