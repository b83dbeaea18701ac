import { readFile } from "node:fs/promises";
import {
  blockKeysToBigInts,
  dynamoLocalHashes,
  dynamoMultimodalHash,
  dynamoPadValue,
  dynamoRollHash,
  dynamoSequenceHashes,
} from "@warmpath/block-hashing";
import type { CaseResult, GoldenKind } from "../kind";

interface HashCase {
  readonly name: string;
  readonly tokens?: readonly number[];
  readonly block_size?: number;
  readonly lora?: string | null;
  readonly namespace?: string | null;
  readonly eagle?: boolean | null;
  readonly mm?: readonly (readonly string[] | null)[] | null;
  readonly local?: readonly string[];
  readonly sequence?: unknown;
  readonly roll?: readonly [string, string];
  readonly mm_identifier?: string;
  readonly mm_hash?: string | null;
  readonly pad_value?: number | null;
}

function computeChain(item: HashCase): Record<string, unknown> {
  const local = dynamoLocalHashes({
    tokens: Uint32Array.from(item.tokens ?? []),
    blockSizeTokens: item.block_size ?? 0,
    loraName: item.lora,
    cacheNamespace: item.namespace,
    eagle: item.eagle,
    multimodal: item.mm?.map((block) => block?.map(BigInt)),
  });
  const sequence = dynamoSequenceHashes(local);
  return { local: blockKeysToBigInts(local).map(String), sequence: blockKeysToBigInts(sequence).map(String) };
}

function computeIdentifier(identifier: string): Record<string, unknown> {
  const hash = dynamoMultimodalHash(identifier);
  if (hash === undefined) return { mm_hash: null, pad_value: null };
  return { mm_hash: String(hash), pad_value: dynamoPadValue(hash) };
}

function compute(item: HashCase): Record<string, unknown> {
  if (item.roll !== undefined) {
    const [previous, local] = item.roll;
    return { sequence: String(dynamoRollHash(BigInt(previous), BigInt(local))) };
  }
  return item.mm_identifier === undefined ? computeChain(item) : computeIdentifier(item.mm_identifier);
}

function expectedOf({ local, sequence, mm_hash, pad_value }: HashCase): Record<string, unknown> {
  // Undefined fields drop out in JSON, so one shape serves all three forms of a case.
  return { local, sequence, mm_hash, pad_value };
}

function runCase(item: HashCase): CaseResult {
  const expected = JSON.stringify(expectedOf(item));
  const actual = JSON.stringify(compute(item));
  if (actual === expected) return { name: item.name, passed: true };
  return {
    name: item.name,
    passed: false,
    detail: `input ${JSON.stringify(item)}\nexpected ${expected}\nactual   ${actual}`,
  };
}

/** Local and sequence hashes of Dynamo's KV router, steps of the chain, and multimodal identifiers. */
export const dynamoHashesKind: GoldenKind = {
  name: "dynamo/block-hashes",
  matches: (path, head) =>
    path.endsWith(".json") &&
    (/(^|\/)block-hashes[^/]*$/.test(path) || head.includes("local and sequence hashes as decimal")),
  async *run(path) {
    const file = JSON.parse(await readFile(path, "utf8")) as { cases: HashCase[] };
    for (const item of file.cases) yield runCase(item);
  },
};
