import type { BlockKeys } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockKeysToBigInts, createBlockKeys } from "../block-keys";
import { fixture, fixtureTokens, sha256Hex } from "../fixtures/fixture";
import {
  createDynamoHasher,
  dynamoLocalHashes,
  dynamoMultimodalHash,
  dynamoPadValue,
  dynamoRollHash,
  dynamoSequenceHashes,
} from "./dynamo";

interface Vector {
  readonly blockSizeTokens: number;
  readonly tokens: number;
  readonly modulo: number;
  readonly lora: string | null;
  readonly namespace: string | null;
  readonly eagle: boolean;
  readonly multimodal: boolean;
  readonly blocks: number;
  readonly local: string;
  readonly sequence: string;
}

const digestOf = (keys: BlockKeys): string => sha256Hex(new Uint8Array(keys.words.buffer, 0, 8 * keys.count));
const ints = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i + 1);

function localOf(v: Vector): BlockKeys {
  const mixed = (i: number): bigint => BigInt.asUintN(64, BigInt(i) * 0x9e3779b97f4a7c15n + 7n);
  const multimodal = Array.from({ length: v.blocks }, (_, i) => (i % 2 === 0 ? [mixed(i), BigInt(i * 3 + 1)] : null));
  return dynamoLocalHashes({
    tokens: fixtureTokens(v.tokens, v.modulo, 31),
    blockSizeTokens: v.blockSizeTokens,
    loraName: v.lora,
    cacheNamespace: v.namespace,
    eagle: v.eagle,
    multimodal: v.multimodal ? multimodal : undefined,
  });
}

describe("dynamoLocalHashes", () => {
  const cases = fixture<Vector[]>("dynamo").map((v) => [v.blockSizeTokens, v.tokens, v.eagle, v] as const);

  it.each(cases)("blocks of %i, %i tokens, eagle %s: gives the hashes of an independent program", (_, __, ___, v) => {
    const local = localOf(v);
    expect(local.count).toBe(v.blocks);
    expect(digestOf(local)).toBe(v.local);
    expect(digestOf(dynamoSequenceHashes(local))).toBe(v.sequence);
  });

  it("takes empty names for absent ones", () => {
    const input = { tokens: ints(16), blockSizeTokens: 16 };
    const plain = blockKeysToBigInts(dynamoLocalHashes(input));
    expect(plain).toEqual([16863443419780771464n]);
    expect(blockKeysToBigInts(dynamoLocalHashes({ ...input, loraName: "", cacheNamespace: "" }))).toEqual(plain);
    expect(blockKeysToBigInts(dynamoLocalHashes({ ...input, multimodal: [[]] }))).toEqual(plain);
  });

  it("gives adapters and namespaces of one name different hashes", () => {
    const input = { tokens: ints(16), blockSizeTokens: 16 };
    const lora = blockKeysToBigInts(dynamoLocalHashes({ ...input, loraName: "x" }));
    expect(blockKeysToBigInts(dynamoLocalHashes({ ...input, cacheNamespace: "x" }))).not.toEqual(lora);
  });
});

describe("createDynamoHasher", () => {
  it("serves many prompts and forgets the one before", () => {
    const hasher = createDynamoHasher({ blockSizeTokens: 4 });
    const [local, sequence] = [createBlockKeys(0, 4), createBlockKeys(0, 4)];
    hasher.localHashes({ tokens: ints(400), loraName: "other" }, local);
    hasher.sequenceHashes(hasher.localHashes({ tokens: ints(8) }, local), sequence);
    const fresh = dynamoSequenceHashes(dynamoLocalHashes({ tokens: ints(8), blockSizeTokens: 4 }));
    expect(blockKeysToBigInts(sequence)).toEqual(blockKeysToBigInts(fresh));
  });

  it("continues a chain from any block", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 32 - 1), { minLength: 2, maxLength: 40 }), fc.nat(40), (ids, cut) => {
        const hasher = createDynamoHasher({ blockSizeTokens: 1 });
        const local = hasher.localHashes({ tokens: Uint32Array.from(ids) }, createBlockKeys(0, 1));
        const whole = hasher.sequenceHashes(local, createBlockKeys(0, 1));
        const at = 1 + (cut % (ids.length - 1));
        const rest = { ...local, words: local.words.slice(2 * at), count: local.count - at };
        const parent = { lo: whole.words[2 * at - 2]!, hi: whole.words[2 * at - 1]! };
        const tail = hasher.sequenceHashes(rest, createBlockKeys(0, 1), parent);
        expect(blockKeysToBigInts(tail)).toEqual(blockKeysToBigInts(whole).slice(at));
        expect(dynamoRollHash(blockKeysToBigInts(whole)[at - 1]!, blockKeysToBigInts(local)[at]!)).toBe(
          blockKeysToBigInts(whole)[at],
        );
      }),
    );
  });
});

describe("dynamoRollHash", () => {
  it("gives the recorded steps", () => {
    expect(dynamoRollHash(10n, 99n)).toBe(6507022437724372112n);
    expect(dynamoRollHash(20n, 99n)).toBe(10472346801233805474n);
  });
});

describe("dynamoMultimodalHash", () => {
  it("reads 64 hex digits, hashes other text and has none for the empty one", () => {
    expect(dynamoMultimodalHash("00112233445566778899aabbccddeeff".repeat(2))).toBe(4822678189205111n);
    expect(dynamoMultimodalHash("img1")).toBe(1764275358345691963n);
    expect(dynamoMultimodalHash("")).toBeUndefined();
  });
});

describe("dynamoPadValue", () => {
  it("is a million and the low 30 bits", () => {
    expect(dynamoPadValue(4822678189205111n)).toBe(73705655);
    expect(dynamoPadValue(2n ** 64n - 1n)).toBe(1_000_000 + 2 ** 30 - 1);
  });
});
