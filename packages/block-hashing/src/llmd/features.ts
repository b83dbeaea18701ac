import type { RawExtraKeys } from "@warmpath/contracts";
import type { LlmdBlockFeatures } from "./hasher";

const firstString = (element: unknown): string | undefined => {
  const value: unknown = Array.isArray(element) ? element[0] : element;
  return typeof value === "string" ? value : undefined;
};

/**
 * The strings that llm-d takes from an event's `extra_keys`: strings, and the first element of arrays that start with one.
 * Like llm-d it keeps a LoRA name. Null where a block has none.
 */
export function llmdFeaturesFromEvent(extraKeys: readonly RawExtraKeys[]): (readonly string[] | null)[] {
  return extraKeys.map((entry) => {
    const strings = (entry ?? []).map(firstString).filter((value) => value !== undefined);
    return strings.length === 0 ? null : strings;
  });
}

export interface LlmdMultimodal {
  /** Content hashes by modality. */
  readonly hashes: Readonly<Record<string, readonly string[]>>;
  /** [offset, length] of each item by modality, in the same order. */
  readonly placeholders: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

/**
 * The strings that llm-d takes from a request: the hash of every item in every block that it overlaps, by rising offset, then
 * the salt in block 0. Hashes and ranges are paired up to the shorter list.
 */
export function llmdFeaturesFromMultimodal(
  multimodal: LlmdMultimodal,
  blockSizeTokens: number,
  blockCount: number,
  cacheSalt?: string,
): LlmdBlockFeatures[] {
  const items = Object.entries(multimodal.hashes).flatMap(([modality, hashes]) => {
    const ranges = multimodal.placeholders[modality] ?? [];
    return hashes.slice(0, ranges.length).map((hash, i) => ({ hash, start: ranges[i]![0], length: ranges[i]![1] }));
  });
  items.sort((a, b) => a.start - b.start);
  return Array.from({ length: blockCount }, (_, block) => {
    const [from, to] = [block * blockSizeTokens, (block + 1) * blockSizeTokens];
    const strings = items.filter((item) => item.start < to && item.start + item.length > from).map((item) => item.hash);
    if (block === 0 && cacheSalt) strings.push(cacheSalt);
    return strings.length === 0 ? null : strings;
  });
}
