import { WarmpathError } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinWords } from "../block-keys";
import { fixture, fixtureTokens, sha256Hex, toHex } from "../fixtures/fixture";
import { Stage } from "../kernels/stage";
import { VLLM_HASH_ALGORITHMS, type VllmHashAlgorithm } from "./algorithm";
import { digestPickle, vllmNoneHash } from "./digest";
import { externalHash, externalHashes } from "./external-hash";
import type { VllmBlockExtraKeys, VllmExtraKey } from "./extra-key";
import { createVllmHasher } from "./hasher";

interface ChainVector {
  readonly algorithm: VllmHashAlgorithm;
  readonly blockSizeTokens: number;
  readonly blocks: number;
  readonly modulo: number;
  readonly lora: string | null;
  readonly first: string;
  readonly last: string;
  readonly all: string;
}

const ints = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i + 1);
const algorithms = fc.constantFrom(...VLLM_HASH_ALGORITHMS);

function thrown(run: () => unknown): WarmpathError {
  try {
    run();
  } catch (error) {
    if (WarmpathError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("vllmNoneHash", () => {
  it.each([
    ["sha256_cbor", "0", "4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e"],
    ["sha256_cbor", "42", "9fa6eb003f14425eb9c8e6baacfbcaab26257357b829c7bfa74ffcc4f31c1780"],
    ["sha256_cbor", undefined, "9bd96a485ad84efdafb72ee48a1d7a69bcead0f8f0433173941b276b9581eef0"],
    ["sha256", "0", "1973e23848344dc43a988a9b478663803cfffe1243480253f9a3cf004b14aa7c"],
    ["sha256", "", "3279c4b947f331d055c47442171c9ea17712596bd7fe094c31d4a5d432b42d68"],
    ["sha256", undefined, "066b1e8987e027138e98701c46128929378935f9b6cd1549105ae6b4f0d71198"],
    ["xxhash", "0", "6fb31cc38bba6066183f7f2104b9c051"],
    ["xxhash_cbor", "0", "1ebe36576dcb573f26b99533a20aaeca"],
  ] as const)("%s with seed %j is %s", (algorithm, seed, expected) => {
    expect(toHex(vllmNoneHash(algorithm, seed))).toBe(expected);
  });

  it("refuses xxhash without a seed, whose engines draw their own", () => {
    const error = thrown(() => vllmNoneHash("xxhash_cbor", undefined));
    expect(error.code).toBe("invalid_configuration");
    expect(error.message).toContain("PYTHONHASHSEED");
  });
});

describe("hashPrompt", () => {
  const vectors = fixture<ChainVector[]>("vllm-chains");
  const cases = vectors.map((v) => [v.algorithm, v.blockSizeTokens, v.lora ?? "none", v] as const);

  it.each(cases)("%s, blocks of %i, adapter %s: gives the digests of the Python libraries", (algorithm, size, _, v) => {
    const hasher = createVllmHasher({ algorithm, seed: "7", blockSizeTokens: size });
    const tokens = fixtureTokens(v.blocks * size + size - 1, v.modulo, 12345);
    const out = new Uint8Array(v.blocks * hasher.digestBytes);
    const lora = v.lora === null ? undefined : { name: v.lora, path: "/p" };
    expect(hasher.hashPrompt({ tokens, features: { lora, cacheSalt: "s-é" } }, out)).toBe(v.blocks);
    expect(toHex(out.subarray(0, hasher.digestBytes))).toBe(v.first);
    expect(toHex(out.subarray(-hasher.digestBytes))).toBe(v.last);
    expect(sha256Hex(out)).toBe(v.all);
  });

  it("gives the external numbers of vLLM's documentation of its events", () => {
    const hasher = createVllmHasher({ algorithm: "sha256_cbor", seed: "0", blockSizeTokens: 4 });
    const out = new Uint8Array(3 * 32);
    hasher.hashPrompt({ tokens: ints(12) }, out);
    const words = externalHashes(out, 32, 3);
    const numbers = [0, 1, 2].map((i) => joinWords(words[2 * i]!, words[2 * i + 1]!));
    expect(numbers).toEqual([2164874634404590027n, 17270480062156288726n, 15775340307203827378n]);
    const { lo, hi } = hasher.externalHash(out, 1);
    expect(joinWords(lo, hi)).toBe(numbers[1]);
  });

  it("continues from any block as if it had hashed all", () => {
    const bytes = fc.array(fc.nat(2 ** 32 - 1), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(algorithms, bytes, fc.integer({ min: 1, max: 9 }), fc.nat(20), (algorithm, ids, size, skip) => {
        const hasher = createVllmHasher({ algorithm, seed: "x", blockSizeTokens: size });
        const tokens = Uint32Array.from(ids);
        const features = {
          cacheSalt: "s",
          lora: { name: "l", path: "p" },
          multimodal: [{ identifier: "i", offset: 3, length: 9 }],
        };
        const width = hasher.digestBytes;
        const whole = new Uint8Array(64 * width);
        const count = hasher.hashPrompt({ tokens, features }, whole);
        const from = Math.min(skip, count);
        const parts = new Uint8Array(64 * width);
        hasher.hashPrompt({ tokens, features, toToken: from * size }, parts);
        const parent = from === 0 ? undefined : parts.slice((from - 1) * width, from * width);
        const rest = hasher.hashPrompt({ tokens, features, fromToken: from * size, parent }, parts, from * width);
        expect(rest).toBe(count - from);
        expect(parts).toEqual(whole);
      }),
    );
  });

  it("hashes long prompts in parts that join without a seam", () => {
    const hasher = createVllmHasher({ algorithm: "xxhash_cbor", seed: "0", blockSizeTokens: 16 });
    const tokens = fixtureTokens(16 * 1500, 151643, 3);
    const whole = new Uint8Array(1500 * 16);
    expect(hasher.hashPrompt({ tokens }, whole)).toBe(1500);
    const single = new Uint8Array(16);
    let parent: Uint8Array | undefined;
    for (let i = 0; i < 1500; i++) {
      hasher.hashBlock({ parent, tokens, fromToken: 16 * i, toToken: 16 * i + 16 }, single);
      expect(single).toEqual(whole.subarray(16 * i, 16 * i + 16));
      parent = single.slice();
    }
  });

  it("writes nothing for a prompt without a full block", () => {
    const hasher = createVllmHasher({ algorithm: "sha256", seed: "0", blockSizeTokens: 16 });
    expect(hasher.hashPrompt({ tokens: ints(15) }, new Uint8Array(0))).toBe(0);
    expect(hasher.hashPrompt({ tokens: new Uint32Array(0) }, new Uint8Array(0))).toBe(0);
  });

  it("refuses too little room and parents that are no digests", () => {
    const hasher = createVllmHasher({ algorithm: "sha256", seed: "0", blockSizeTokens: 4 });
    expect(thrown(() => hasher.hashPrompt({ tokens: ints(8) }, new Uint8Array(63))).code).toBe("invalid_request");
    const parent = new Uint8Array(256);
    expect(thrown(() => hasher.hashPrompt({ tokens: ints(8), parent }, new Uint8Array(64))).message).toContain("256");
  });
});

describe("hashBlock", () => {
  const text = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ unit: "binary", maxLength: 300 }));
  const scalar: fc.Arbitrary<VllmExtraKey> = fc.oneof(text, fc.integer(), fc.uint8Array({ maxLength: 300 }));
  const key = fc.oneof(scalar, fc.array(scalar, { maxLength: 5 }));
  const equalStrings = fc.constantFrom("one-object" as const, "several-objects" as const);

  it("agrees with the pickle of the whole block for any extra keys", () => {
    const stage = new Stage({ blockSizeTokens: 1, resultBytes: 32 });
    const ids = fc.array(fc.nat(2 ** 32 - 1), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(ids, fc.array(key, { maxLength: 6 }), equalStrings, (tokens, extra, strings) => {
        const hasher = createVllmHasher({ algorithm: "sha256", seed: "0", blockSizeTokens: 12, equalStrings: strings });
        const out = new Uint8Array(40);
        const input = { tokens: Uint32Array.from(tokens), fromToken: 0, toToken: tokens.length, extraKeys: extra };
        hasher.hashBlock(input, out, 5);
        const value = [hasher.noneHash, tokens, extra.length === 0 ? null : extra];
        const expected = digestPickle(stage, "sha256", value, { equalStrings: strings });
        expect(out.subarray(5, 37)).toEqual(expected);
        expect([...out.subarray(0, 5), ...out.subarray(37)]).toEqual(new Array(8).fill(0));
      }),
    );
  });

  it("takes a tail that is shorter than a block and refuses one that is longer", () => {
    const hasher = createVllmHasher({ algorithm: "sha256_cbor", seed: "0", blockSizeTokens: 16 });
    const four = createVllmHasher({ algorithm: "sha256_cbor", seed: "0", blockSizeTokens: 4 });
    const [tail, expected] = [new Uint8Array(32), new Uint8Array(32)];
    hasher.hashBlock({ tokens: ints(20), fromToken: 0, toToken: 4 }, tail);
    four.hashPrompt({ tokens: ints(4) }, expected);
    expect(tail).toEqual(expected);
    expect(thrown(() => hasher.hashBlock({ tokens: ints(20), fromToken: 0, toToken: 17 }, tail)).code).toBe(
      "invalid_request",
    );
  });

  it("keeps a repeated string apart from two equal ones", () => {
    const extraKeys: VllmBlockExtraKeys = [
      ["mm", "same", 0],
      ["mm", "same", 2],
    ];
    const digests = (["one-object", "several-objects"] as const).map((strings) => {
      const hasher = createVllmHasher({ algorithm: "sha256", seed: "0", blockSizeTokens: 4, equalStrings: strings });
      const out = new Uint8Array(32);
      hasher.hashBlock({ tokens: ints(4), fromToken: 0, toToken: 4, extraKeys }, out);
      return toHex(out);
    });
    expect(digests[0]).not.toBe(digests[1]);
  });
});

describe("createVllmHasher", () => {
  it("takes NONE_HASH as it is, of any length an engine may have drawn", () => {
    const noneHash = new Uint8Array(32).fill(5);
    const hasher = createVllmHasher({ algorithm: "xxhash", noneHash, blockSizeTokens: 4 });
    const [given, explicit] = [new Uint8Array(16), new Uint8Array(16)];
    hasher.hashPrompt({ tokens: ints(4) }, given);
    const seeded = createVllmHasher({ algorithm: "xxhash", seed: "0", blockSizeTokens: 4 });
    seeded.hashPrompt({ tokens: ints(4), parent: noneHash }, explicit);
    expect(given).toEqual(explicit);
    noneHash.fill(0);
    expect(hasher.noneHash[0]).toBe(5);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses a block size of %d", (blockSizeTokens) => {
    expect(thrown(() => createVllmHasher({ algorithm: "sha256", blockSizeTokens })).code).toBe("invalid_configuration");
  });
});

describe("externalHash", () => {
  it("is the last eight bytes, big-endian", () => {
    expect(externalHash(Uint8Array.from([9, 0xff, 2, 3, 4, 0x85, 6, 7, 8]))).toEqual({
      hi: 0xff020304,
      lo: 0x85060708,
    });
  });
});
