/** A Python value inside a block's extra keys: a tuple is an array. Numbers are integers. */
export type VllmExtraKey = string | number | Uint8Array | readonly VllmExtraKey[];

/** The extra keys of one block in vLLM's order; undefined stands for None. */
export type VllmBlockExtraKeys = readonly VllmExtraKey[] | undefined;

/**
 * How the extra keys of a block are written into its hash.
 * - `tagged`: `("lora", name, path)`, `("mm", id, offset)`, `("cache_salt", salt)`, `("prompt_embeds", digest)`; vLLM 0.31 and later
 * - `untagged`: `name`, `(id, offset)`, `salt`, `digest`; from March 2026 up to 0.30
 * - `identifier`: like `untagged`, but a multimodal item is its bare identifier; before March 2026
 */
export type VllmExtraKeyForm = "tagged" | "untagged" | "identifier";
