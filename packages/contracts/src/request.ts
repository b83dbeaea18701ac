/** APIs whose bodies are understood. */
export type ApiKind = "chat" | "completions";

/** Half-open range of byte offsets in a body. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The prompt of a request, decoded when first asked for. */
export type Prompt =
  | { readonly kind: "messages" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "tokens"; readonly tokenIds: Uint32Array }
  /** Several prompts in one body (completions): the first decides where the request goes. */
  | { readonly kind: "texts"; readonly texts: readonly string[] }
  | { readonly kind: "token-lists"; readonly tokenLists: readonly Uint32Array[] };

/** One request as a client sent it. Reading is lazy; the bytes are never changed. */
export interface InferenceRequest {
  readonly id: string;
  readonly api: ApiKind;
  /** The body exactly as received. */
  readonly body: Uint8Array;
  readonly model: string;
  readonly stream: boolean;
  /** `stream_options.include_usage`. */
  readonly includeUsage: boolean;
  /** `max_completion_tokens`, else `max_tokens`. */
  readonly maxOutputTokens: number | undefined;
  readonly cacheSalt: string | undefined;
  /** vLLM's integer priority; lower is served earlier. */
  readonly priority: number | undefined;
  /** True when a message has a part that is not text. */
  readonly multimodal: boolean;
  /** Where the value of a top-level field stands in `body`; the last one wins, as in Python's parser. */
  field(name: string): ByteRange | undefined;
  /** The value of a top-level field, parsed with JSON semantics; undefined when absent. Cached. */
  value(name: string): unknown;
  /** Decoded on first use; throws `invalid_request` when it has a wrong type. */
  prompt(): Prompt;
}
