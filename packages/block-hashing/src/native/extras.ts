import type { MultimodalItem, RawExtraKeys } from "@warmpath/contracts";

const isLora = (key: unknown, loraName: string | undefined): boolean =>
  loraName !== undefined && (key === loraName || (Array.isArray(key) && key[0] === "lora" && key[1] === loraName));

/** The identifying text of one published key: a string, the identifier of [identifier, offset], the value of a tagged form. */
function identifierOf(key: unknown): string | undefined {
  if (typeof key === "string") return key;
  if (key instanceof Uint8Array) return `bytes:${Buffer.from(key).toString("hex")}`;
  if (!Array.isArray(key) || typeof key[0] !== "string") return undefined;
  const [first, second] = key as [string, unknown];
  if (first === "prompt_embeds" && second instanceof Uint8Array) return identifierOf(second);
  const isTagged = (first === "mm" || first === "cache_salt") && typeof second === "string";
  return isTagged ? second : first;
}

/**
 * The strings that enter the native key of a block for one entry of an event's `extra_keys`: identifiers of multimodal items and
 * the salt, without the adapter (its name is the key's model). Undefined where nothing is left.
 */
export function extrasFromEvent(
  rawExtraKeys: RawExtraKeys | undefined,
  loraName: string | undefined,
): readonly string[] | undefined {
  if (rawExtraKeys == null || rawExtraKeys.length === 0) return undefined;
  // vLLM puts the adapter first; a salt or image of the same name further on stays.
  const keys = isLora(rawExtraKeys[0], loraName) ? rawExtraKeys.slice(1) : rawExtraKeys;
  const strings = keys.map(identifierOf).filter((value) => value !== undefined);
  return strings.length === 0 ? undefined : strings;
}

/**
 * The strings that enter the native key of each block of a prompt: the hash of every multimodal item in every block that it
 * overlaps, by rising start. The salt is not among them; it goes with the scope. Undefined where no block has any.
 */
export function extrasFromRequest(
  items: readonly MultimodalItem[],
  blockSizeTokens: number,
  blockCount: number,
): readonly (readonly string[] | undefined)[] | undefined {
  if (items.length === 0) return undefined;
  const extras = new Array<string[] | undefined>(blockCount).fill(undefined);
  for (const { hash, start, length } of items) {
    const last = Math.min(blockCount - 1, Math.floor((start + length - 1) / blockSizeTokens));
    for (let i = Math.floor(start / blockSizeTokens); length > 0 && i <= last; i++) {
      const block = extras[i] ?? [];
      block.push(hash);
      extras[i] = block;
    }
  }
  return extras.some((block) => block !== undefined) ? extras : undefined;
}
