/**
 * What the simulated engine needs of a tokenizer; `createSimulatedTokenizer` and `loadTokenizer` of
 * `@warmpath/tokenization` make such ones.
 */
export interface EngineTokenizer {
  readonly name: string;
  readonly vocabularySize: number;
  encode(text: string, options: { readonly addSpecialTokens: boolean }): Uint32Array;
  decode(ids: Uint32Array | readonly number[], options?: { readonly skipSpecialTokens?: boolean }): string;
  renderChat(body: Uint8Array | string | object): { readonly tokenIds: Uint32Array };
}
