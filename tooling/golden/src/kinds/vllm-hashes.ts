import { readFile } from "node:fs/promises";
import {
  createVllmHasher,
  externalHashes,
  joinWords,
  type VllmBlockExtraKeys,
  type VllmHashAlgorithm,
  vllmEventExtraKeys,
  vllmExtraKeys,
} from "@warmpath/block-hashing";
import type { CaseResult, GoldenKind } from "../kind";

type TokenRule = readonly number[] | { start: number; step: number; modulo: number; count: number };

interface HashCase {
  readonly algorithm: VllmHashAlgorithm;
  readonly seed: string | null;
  readonly blockSize: number;
  readonly tokens: TokenRule;
  readonly lora: readonly [string, string] | null;
  readonly salt: string | null;
  readonly images: readonly (readonly [string, number, number])[];
  readonly hashedKeys: unknown;
  readonly eventKeys: unknown;
  readonly root: string;
  readonly digests: readonly string[];
  readonly numbers: readonly string[];
}

function tokensOf(rule: TokenRule): Uint32Array {
  if (Array.isArray(rule)) return Uint32Array.from(rule);
  const { start, step, modulo, count } = rule as Exclude<TokenRule, readonly number[]>;
  return Uint32Array.from({ length: count }, (_, i) => (start + step * i) % modulo);
}

/** As the recorder shows them: absent where no block has any. */
const shown = (keys: readonly (VllmBlockExtraKeys | null)[]): unknown =>
  keys.every((key) => key == null) ? null : keys.map((key) => key ?? null);

function compute(item: HashCase, tagged: boolean): Record<string, unknown> {
  const { algorithm, blockSize: blockSizeTokens, lora, salt } = item;
  const form = tagged ? "tagged" : "untagged";
  // The recorder is one Python program, in which equal strings are one object.
  const hasher = createVllmHasher({
    algorithm,
    seed: item.seed ?? undefined,
    blockSizeTokens,
    extraKeyForm: form,
    equalStrings: "one-object",
  });
  const tokens = tokensOf(item.tokens);
  const features = {
    lora: lora === null ? undefined : { name: lora[0], path: lora[1] },
    cacheSalt: salt ?? undefined,
    multimodal: item.images.map(([identifier, offset, length]) => ({ identifier, offset, length })),
  };
  const out = new Uint8Array(Math.floor(tokens.length / blockSizeTokens) * hasher.digestBytes);
  const count = hasher.hashPrompt({ tokens, features }, out);
  const keys = vllmExtraKeys({ ...features, form, blockSizeTokens, blockCount: count });
  const numbers = externalHashes(out, hasher.digestBytes, count);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const { digestBytes } = hasher;
  return {
    hashedKeys: shown(keys),
    eventKeys: shown(vllmEventExtraKeys(keys)),
    root: hex(hasher.noneHash),
    digests: Array.from({ length: count }, (_, i) => hex(out.subarray(i * digestBytes, (i + 1) * digestBytes))),
    numbers: Array.from({ length: count }, (_, i) => String(joinWords(numbers[2 * i]!, numbers[2 * i + 1]!))),
  };
}

function nameOf(item: HashCase, index: number): string {
  const parts = [`${index}`, item.algorithm, `seed ${JSON.stringify(item.seed)}`, `block ${item.blockSize}`];
  if (item.lora !== null) parts.push("lora");
  if (item.salt !== null) parts.push("salt");
  if (item.images.length > 0) parts.push(`images ${item.images.length}`);
  return parts.join(" ");
}

function runCase(item: HashCase, index: number, tagged: boolean): CaseResult {
  const { hashedKeys, eventKeys, root, digests, numbers } = item;
  const expected = JSON.stringify({ hashedKeys, eventKeys, root, digests, numbers });
  const actual = JSON.stringify(compute(item, tagged));
  const name = nameOf(item, index);
  if (actual === expected) return { name, passed: true };
  return { name, passed: false, detail: `input ${JSON.stringify(item)}\nexpected ${expected}\nactual   ${actual}` };
}

/** Block digests, roots and extra keys as a real vLLM computes them. */
export const vllmHashesKind: GoldenKind = {
  name: "vllm/hashes",
  matches: (path, head) => path.endsWith(".json") && head.includes('"keysAreTagged"'),
  async *run(path) {
    const file = JSON.parse(await readFile(path, "utf8")) as { keysAreTagged: boolean; cases: HashCase[] };
    for (const [index, item] of file.cases.entries()) yield runCase(item, index, file.keysAreTagged);
  },
};
