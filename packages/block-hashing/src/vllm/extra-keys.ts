import type { VllmBlockExtraKeys, VllmExtraKey, VllmExtraKeyForm } from "./extra-key";

/** One multimodal item of a request, as vLLM's block hashing sees it. */
export interface VllmMultimodalItem {
  /** Content hash; `<lora name>:<content hash>` where adapters reach the vision tower. */
  readonly identifier: string;
  /** Token index of its first placeholder. */
  readonly offset: number;
  /** Number of placeholder tokens. */
  readonly length: number;
}

/** What a request adds to its block hashes. */
export interface VllmRequestFeatures {
  readonly lora?: { readonly name: string; readonly path: string } | undefined;
  /** By rising offset. */
  readonly multimodal?: readonly VllmMultimodalItem[] | undefined;
  /** Enters the block at token 0; the empty string counts as none. */
  readonly cacheSalt?: string | undefined;
  /** SHA-256 of each block's embedding bytes, by block of the prompt; undefined for prompts of tokens. */
  readonly promptEmbeds?: readonly (Uint8Array | undefined)[] | undefined;
}

export interface VllmExtraKeysInput extends VllmRequestFeatures {
  readonly form: VllmExtraKeyForm;
  readonly blockSizeTokens: number;
  readonly blockCount: number;
  /** Token index of the first block; default 0. */
  readonly fromToken?: number | undefined;
}

function multimodalKey(item: VllmMultimodalItem, start: number, form: VllmExtraKeyForm): VllmExtraKey {
  if (form === "identifier") return item.identifier;
  const offset = item.offset - start;
  return form === "tagged" ? ["mm", item.identifier, offset] : [item.identifier, offset];
}

const loraKey = ({ name, path }: { name: string; path: string }, form: VllmExtraKeyForm): VllmExtraKey =>
  form === "tagged" ? ["lora", name, path] : name;

const taggedOrBare = (tag: string, value: string | Uint8Array, form: VllmExtraKeyForm): VllmExtraKey =>
  form === "tagged" ? [tag, value] : value;

/** Walks the items block by block. vLLM looks at no item behind one that reaches beyond the block. */
function createItemWalk(items: readonly VllmMultimodalItem[], form: VllmExtraKeyForm) {
  let current = 0;
  return (start: number, end: number, into: VllmExtraKey[]): void => {
    for (; current < items.length; current++) {
      const item = items[current]!;
      const itemEnd = item.offset + item.length;
      if (end <= item.offset) return;
      if (start >= itemEnd) continue;
      into.push(multimodalKey(item, start, form));
      if (end < itemEnd) return;
    }
  };
}

/**
 * The extra keys of each block, in vLLM's order: adapter, multimodal items, salt, prompt embeddings
 * (vLLM 0.32, `v1/core/kv_cache_utils.py`). Blocks with the same adapter and nothing else share one array.
 */
export function vllmExtraKeys(input: VllmExtraKeysInput): VllmBlockExtraKeys[] {
  const { form, blockSizeTokens, blockCount, fromToken = 0, lora, cacheSalt, promptEmbeds } = input;
  const walk = createItemWalk(input.multimodal ?? [], form);
  const everyBlock: readonly VllmExtraKey[] = lora === undefined ? [] : [loraKey(lora, form)];
  return Array.from({ length: blockCount }, (_, i) => {
    const start = fromToken + i * blockSizeTokens;
    const own: VllmExtraKey[] = [];
    walk(start, start + blockSizeTokens, own);
    if (start === 0 && cacheSalt) own.push(taggedOrBare("cache_salt", cacheSalt, form));
    const embeds = promptEmbeds?.[start / blockSizeTokens];
    if (embeds !== undefined) own.push(taggedOrBare("prompt_embeds", embeds, form));
    if (own.length === 0) return everyBlock.length === 0 ? undefined : everyBlock;
    return [...everyBlock, ...own];
  });
}

/** One key as vLLM publishes it in events: without its tag, an adapter without its path. */
function published(key: VllmExtraKey): VllmExtraKey {
  if (!Array.isArray(key) || typeof key[1] === "number") return key;
  return key[0] === "mm" ? key.slice(1) : key[1];
}

/** The `extra_keys` of a store event for blocks with these extra keys; undefined where no block has any. */
export function vllmEventExtraKeys(keys: readonly VllmBlockExtraKeys[]): (readonly VllmExtraKey[] | null)[] {
  return keys.map((block) => (block === undefined ? null : block.map(published)));
}
