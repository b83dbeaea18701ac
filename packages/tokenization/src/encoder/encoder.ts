/** Turns text into ids and back: the part of a tokenizer that a faster engine may replace. */
export interface TextEncoding {
  /** Ids of a text in which added tokens are recognised; nothing is put around it. */
  encode(text: string): number[];
  /** Ids of a text in which added tokens are ordinary text. */
  encodeOrdinary(text: string): number[];
  decode(ids: readonly number[], skipSpecialTokens: boolean): string;
  /** The id of a token's exact content. */
  idOf(token: string): number | undefined;
  /** Ids that stand before and after a text when special tokens are added. */
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** Highest id + 1. */
  readonly size: number;
}
