export { type LoadTokenizerOptions, loadTokenizer } from "./load/load-tokenizer";
export type { LocalTokenizerOptions } from "./local-options";
export type { DecodeOptions, EncodeOptions, LocalTokenizer, RenderedChat } from "./local-tokenizer";
