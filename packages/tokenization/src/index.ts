// For users: tokenizers.

export { createTokenizerChain, type TokenizerChainOptions } from "./chain/tokenizer-chain";
export { createEstimateTokenizer } from "./estimate/estimate-tokenizer";
export { type LoadTokenizerOptions, loadTokenizer } from "./load/load-tokenizer";
export type { LocalTokenizerOptions } from "./local-options";
export type { DecodeOptions, EncodeOptions, LocalTokenizer, RenderedChat } from "./local-tokenizer";
export { createRenderTokenizer, type RenderTokenizerOptions } from "./render/render-tokenizer";
export { createSimulatedTokenizer } from "./simulated/simulated-tokenizer";
