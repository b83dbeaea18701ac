import { readFile } from "node:fs/promises";
import {
  blockKeysToBigInts,
  createBlockKeys,
  createLlmdHasher,
  type LlmdBlockFeatures,
  type LlmdHashAlgorithm,
  type LlmdMultimodal,
  llmdFeaturesFromEvent,
  llmdFeaturesFromMultimodal,
  splitWords,
} from "@warmpath/block-hashing";
import { type RawExtraKeys, WarmpathError } from "@warmpath/contracts";
import type { CaseResult, GoldenKind } from "../kind";

interface KeysCase {
  readonly name: string;
  readonly seed: string;
  readonly model: string;
  readonly block_size: number;
  readonly parent: string;
  readonly tokens: readonly number[];
  readonly extra?: readonly LlmdBlockFeatures[];
  readonly raw_extra?: readonly RawExtraKeys[];
  readonly mm?: LlmdMultimodal;
  readonly features?: unknown;
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  readonly error?: boolean;
}

const ALGORITHMS: readonly LlmdHashAlgorithm[] = ["cbor-fnv", "xxh64"];

function featuresOf(item: KeysCase, blockSizeTokens: number): readonly LlmdBlockFeatures[] | undefined {
  if (item.raw_extra !== undefined) return llmdFeaturesFromEvent(item.raw_extra);
  if (item.mm === undefined) return item.extra;
  return llmdFeaturesFromMultimodal(item.mm, blockSizeTokens, Math.floor(item.tokens.length / blockSizeTokens));
}

function keysOf(item: KeysCase, algorithm: LlmdHashAlgorithm): { keys: string[]; features: unknown } {
  const hasher = createLlmdHasher({ algorithm, hashSeed: item.seed, blockSizeTokens: item.block_size });
  const features = featuresOf(item, hasher.blockSizeTokens);
  const keys = createBlockKeys(0, hasher.blockSizeTokens);
  const parent = item.parent === "" ? undefined : splitWords(BigInt(item.parent));
  hasher.keys({ model: item.model, tokens: Uint32Array.from(item.tokens), parent, features }, keys);
  return { keys: blockKeysToBigInts(keys).map(String), features };
}

function compute(item: KeysCase): Record<string, unknown> {
  try {
    const results = ALGORITHMS.map((algorithm) => [algorithm, keysOf(item, algorithm)] as const);
    const features = results[0]![1].features;
    return {
      ...(features === undefined ? {} : { features }),
      keys: Object.fromEntries(results.map(([algorithm, result]) => [algorithm, result.keys])),
    };
  } catch (error) {
    if (!WarmpathError.isInstance(error)) throw error;
    return { error: true };
  }
}

function runCase(item: KeysCase): CaseResult {
  const { features, keys, error, name } = item;
  const expected = JSON.stringify(error ? { error: true } : { features, keys });
  const actual = JSON.stringify(compute(item));
  if (actual === expected) return { name, passed: true };
  return { name, passed: false, detail: `input ${JSON.stringify(item)}\nexpected ${expected}\nactual   ${actual}` };
}

/** Request keys of llm-d's indexer, both algorithms, from tokens, extras, events and multimodal ranges. */
export const llmdBlockKeysKind: GoldenKind = {
  name: "llm-d/block-keys",
  matches: (path, head) =>
    path.endsWith(".json") && (/(^|\/)block-keys[^/]*$/.test(path) || head.includes("keys per algorithm as decimal")),
  async *run(path) {
    const file = JSON.parse(await readFile(path, "utf8")) as { cases: KeysCase[] };
    for (const item of file.cases) yield runCase(item);
  },
};
