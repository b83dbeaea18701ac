import { WarmpathError } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockKeysToBigInts, createBlockKeys, splitWords } from "../block-keys";
import { fixture, fixtureTokens, sha256Hex } from "../fixtures/fixture";
import { createLlmdHasher, type LlmdHashAlgorithm, type LlmdHasherOptions, type LlmdKeysInput } from "./hasher";

interface Vector {
  readonly algorithm: LlmdHashAlgorithm;
  readonly blockSizeTokens: number;
  readonly tokens: number;
  readonly modulo: number;
  readonly features: boolean;
  readonly root: string;
  readonly first: string;
  readonly last: string;
  readonly all: string;
}

const ints = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i + 1);

function keysOf(options: LlmdHasherOptions, input: LlmdKeysInput): bigint[] {
  const hasher = createLlmdHasher(options);
  const keys = createBlockKeys(0, hasher.blockSizeTokens);
  expect(hasher.keys(input, keys)).toBe(keys.count);
  return blockKeysToBigInts(keys);
}

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return WarmpathError.isInstance(error) ? error.code : String(error);
  }
  return undefined;
};

describe("keys", () => {
  const cases = fixture<Vector[]>("llmd").map((v) => [v.algorithm, v.blockSizeTokens, v.features, v] as const);

  it.each(cases)("%s, blocks of %i, features %s: gives the keys of an independent program", (algorithm, size, _, v) => {
    const hasher = createLlmdHasher({ algorithm, hashSeed: "sé", blockSizeTokens: size });
    expect(String(hasher.root("model-ü"))).toBe(v.root);
    const features = Array.from({ length: Math.floor(v.tokens / size) }, (_, i) =>
      i % 3 === 0 ? [`img-${i}`, "é".repeat(i % 40)] : null,
    );
    const keys = createBlockKeys(0, size);
    const tokens = fixtureTokens(v.tokens, v.modulo, 777);
    hasher.keys({ model: "model-ü", tokens, features: v.features ? features : undefined }, keys);
    const values = blockKeysToBigInts(keys);
    expect([String(values[0]), String(values.at(-1))]).toEqual([v.first, v.last]);
    expect(sha256Hex(new Uint8Array(keys.words.buffer, 0, 8 * keys.count))).toBe(v.all);
  });

  it("gives the key that llm-d's own end-to-end test expects", () => {
    const tokens = Uint32Array.of(8197, 438, 322, 18926, 432, 45600, 49);
    const input = { model: "ibm-granite/granite-3.1-8b-instruct", tokens };
    expect(keysOf({ blockSizeTokens: 4 }, input)).toEqual([1334984470577408192n]);
    expect(keysOf({ algorithm: "xxh64", blockSizeTokens: 4 }, input)).toEqual([10592454880384393526n]);
  });

  it("encodes a small parent in its short form", () => {
    for (const parent of [1n, 23n, 24n, 255n, 256n, 65_536n, 2n ** 32n - 1n, 2n ** 32n]) {
      const input = { model: "m", tokens: ints(16), parent: splitWords(parent) };
      expect(keysOf({}, input)[0]).toBe(referenceFnv(parent, ints(16)));
    }
  });

  it("continues from any key, and takes parent 0 for the root", () => {
    const algorithm = fc.constantFrom<LlmdHashAlgorithm>("cbor-fnv", "xxh64");
    fc.assert(
      fc.property(algorithm, fc.array(fc.nat(2 ** 32 - 1), { maxLength: 50 }), fc.nat(12), (name, ids, skip) => {
        const options = { algorithm: name, blockSizeTokens: 4 };
        const whole = keysOf(options, { model: "m", tokens: Uint32Array.from(ids) });
        const from = Math.min(skip, whole.length);
        const parent = from === 0 ? { lo: 0, hi: 0 } : splitWords(whole[from - 1]!);
        const tail = keysOf(options, { model: "m", tokens: Uint32Array.from(ids.slice(4 * from)), parent });
        expect(tail).toEqual(whole.slice(from));
      }),
    );
  });

  it("keeps features apart by where one string ends and the next begins", () => {
    const keys = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], []].map(
      (strings) => keysOf({ blockSizeTokens: 4 }, { model: "m", tokens: ints(4), features: [strings] })[0],
    );
    expect(new Set(keys).size).toBe(5);
    expect(keys[4]).toBe(keysOf({ blockSizeTokens: 4 }, { model: "m", tokens: ints(4) })[0]);
  });

  it("refuses features that are not one for each full block", () => {
    const input = { model: "m", tokens: ints(12), features: [null, null] };
    expect(codeOf(() => keysOf({ blockSizeTokens: 4 }, input))).toBe("invalid_request");
  });
});

describe("createLlmdHasher", () => {
  it("takes 16 tokens where the size is unset", () => {
    expect(createLlmdHasher().blockSizeTokens).toBe(16);
    expect(createLlmdHasher({ blockSizeTokens: 0 }).blockSizeTokens).toBe(16);
  });

  it("refuses a negative size and an algorithm that llm-d does not have", () => {
    expect(codeOf(() => createLlmdHasher({ blockSizeTokens: -1 }))).toBe("invalid_configuration");
    expect(codeOf(() => createLlmdHasher({ algorithm: "xxhash" as "xxh64" }))).toBe("invalid_configuration");
  });
});

/** FNV-1a-64 over CBOR of [parent, 16 tokens below 24, null], written out. */
function referenceFnv(parent: bigint, tokens: Uint32Array): bigint {
  const width = parent < 24n ? 0 : parent < 2n ** 8n ? 1 : parent < 2n ** 16n ? 2 : parent < 2n ** 32n ? 4 : 8;
  const head = [[Number(parent)], [0x18], [0x19], [], [0x1a], [], [], [], [0x1b]][width]!;
  const hex = width === 0 ? "" : parent.toString(16).padStart(2 * width, "0");
  const bytes = [0x83, ...head, ...Buffer.from(hex, "hex"), 0x90, ...tokens, 0xf6];
  return bytes.reduce((h, byte) => BigInt.asUintN(64, (h ^ BigInt(byte)) * 0x100000001b3n), 0xcbf29ce484222325n);
}
