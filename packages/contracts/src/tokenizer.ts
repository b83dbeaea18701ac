import type { InferenceRequest } from "./request";

/** Token ids of one prompt. */
export interface TokenizedPrompt {
  readonly tokenIds: Uint32Array;
  /** False for estimates: the count is approximate and the ids match no engine block, though equal prefixes give equal ids. */
  readonly exact: boolean;
  /** What made it: `local`, `render`, `client` (ids sent by the client), `estimate`. */
  readonly source: string;
  /** Multimodal items inside the prompt, by rising start; empty for text. */
  readonly multimodal: readonly MultimodalItem[];
}

/** A multimodal item's placeholder in the token ids. */
export interface MultimodalItem {
  /** The engine's content hash of the item. */
  readonly hash: string;
  /** Index of its first placeholder token. */
  readonly start: number;
  /** Number of placeholder tokens. */
  readonly length: number;
}

/** Turns a request's prompt into the token ids that the engine will see. */
export interface Tokenizer {
  readonly contractVersion: 1;
  /** For logs and metrics. */
  readonly name: string;
  /**
   * Synchronous where the work is, so that the hot path does not wait for nothing.
   * Throws or rejects with `tokenizer_unavailable` when it cannot answer; a caller then degrades.
   */
  tokenize(request: InferenceRequest, signal?: AbortSignal): TokenizedPrompt | Promise<TokenizedPrompt>;
}
