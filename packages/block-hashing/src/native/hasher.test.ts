import type { BlockKeys, HashInput } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockKeysToBigInts, createBlockKeys, splitWords } from "../block-keys";
import { referenceKeys } from "../fixtures/native-reference";
import { createNativeHasher, type NativeHasherOptions } from "./hasher";

type Partial = Omit<HashInput, "fromToken" | "toToken"> & { fromToken?: number; toToken?: number };

const ints = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i + 1);
const scope = { model: "m" };

function keysOf(options: NativeHasherOptions, input: Partial): bigint[] {
  const keys = createBlockKeys(0, options.blockSizeTokens);
  const added = createNativeHasher(options).append({ fromToken: 0, toToken: input.tokens.length, ...input }, keys);
  expect(added).toBe(keys.count);
  return blockKeysToBigInts(keys);
}

const size16 = { blockSizeTokens: 16 };
const ids = (maxLength: number) =>
  fc.array(fc.nat(2 ** 32 - 1), { maxLength }).map((values) => Uint32Array.from(values));
const extrasOfBlock = fc.option(fc.array(fc.string({ maxLength: 12 }), { maxLength: 3 }), { nil: undefined });

describe("append", () => {
  it("agrees with the formula, for any block size, secret, tokens and extras", () => {
    const size = fc.integer({ min: 1, max: 20 });
    const extras = fc.array(extrasOfBlock, { maxLength: 70 });
    fc.assert(
      fc.property(size, ids(70), extras, fc.string({ maxLength: 9 }), (blockSizeTokens, tokens, strings, secret) => {
        const input = { tokens, scope: { model: "modél" }, extras: strings };
        const expected = { blockSizeTokens, secret, model: "modél", tokens, extras: strings.map((s) => s ?? []) };
        expect(keysOf({ blockSizeTokens, secret }, input)).toEqual(referenceKeys(expected));
      }),
      { numRuns: 60 },
    );
  });

  it("keeps its keys from release to release", () => {
    expect(keysOf(size16, { tokens: ints(32), scope })).toMatchInlineSnapshot(`
      [
        4365267157432159858n,
        5004675746716414894n,
      ]
    `);
  });

  it("continues from the last key of what it appends to, or from a parent", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), ids(60), fc.nat(30), (blockSizeTokens, tokens, skip) => {
        const hasher = createNativeHasher({ blockSizeTokens });
        const whole = createBlockKeys(0, blockSizeTokens);
        const count = hasher.append({ tokens, fromToken: 0, toToken: tokens.length, scope }, whole);
        const from = Math.min(skip, count);
        const grown = createBlockKeys(0, blockSizeTokens);
        hasher.append({ tokens, fromToken: 0, toToken: from * blockSizeTokens, scope }, grown);
        hasher.append({ tokens, fromToken: from * blockSizeTokens, toToken: tokens.length, scope }, grown);
        expect(blockKeysToBigInts(grown)).toEqual(blockKeysToBigInts(whole));
        if (from === 0) return;
        const parent = splitWords(blockKeysToBigInts(whole)[from - 1]!);
        const tail = createBlockKeys(0, blockSizeTokens);
        const other = { tokens, fromToken: from * blockSizeTokens, toToken: tokens.length, scope: { model: "other" } };
        hasher.append({ ...other, parent }, tail);
        expect(blockKeysToBigInts(tail)).toEqual(blockKeysToBigInts(whole).slice(from));
      }),
    );
  });

  it("hashes prompts of several times its memory without a seam", () => {
    const tokens = Uint32Array.from({ length: 50_001 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 14);
    const extras = Array.from({ length: 3125 }, (_, i) => (i % 500 === 3 ? [`image ${i}`] : undefined));
    const expected = referenceKeys({
      blockSizeTokens: 16,
      secret: "",
      model: "m",
      tokens,
      extras: extras.map((s) => s ?? []),
    });
    expect(keysOf(size16, { tokens, scope, extras })).toEqual(expected);
  });

  it("gives a prompt the keys of its prefix and other keys from the first difference on", () => {
    fc.assert(
      fc.property(ids(100), fc.nat(99), fc.nat(31), (tokens, at, bit) => {
        fc.pre(at < tokens.length);
        const changed = tokens.slice();
        changed[at]! ^= 1 << bit;
        const options = { blockSizeTokens: 4 };
        const [one, other] = [keysOf(options, { tokens, scope }), keysOf(options, { tokens: changed, scope })];
        const border = Math.floor(at / 4);
        expect(other.slice(0, border)).toEqual(one.slice(0, border));
        for (let i = border; i < one.length; i++) expect(other[i]).not.toBe(one[i]);
      }),
    );
  });

  it("treats the scope's salt as the last extra of block 0", () => {
    const salted = { model: "m", cacheSalt: "tenant" };
    fc.assert(
      fc.property(extrasOfBlock, extrasOfBlock, (first, second) => {
        const byScope = keysOf(size16, { tokens: ints(40), scope: salted, extras: [first, second] });
        const byExtras = keysOf(size16, { tokens: ints(40), scope, extras: [[...(first ?? []), "tenant"], second] });
        expect(byScope).toEqual(byExtras);
      }),
    );
    const parent = { lo: 1, hi: 2 };
    expect(keysOf(size16, { tokens: ints(16), scope: salted, parent })).toEqual(
      keysOf(size16, { tokens: ints(16), scope, parent }),
    );
    expect(keysOf(size16, { tokens: ints(16), scope: { model: "m", cacheSalt: "" } })).toEqual(
      keysOf(size16, { tokens: ints(16), scope }),
    );
  });

  it("keeps extras apart by where one string ends and the next begins", () => {
    const lists = [[], [""], ["", ""], ["ab", "c"], ["a", "bc"], ["abc"], ["c", "ab"]];
    const keys = lists.map((strings) => keysOf(size16, { tokens: ints(16), scope, extras: [strings] })[0]);
    expect(new Set(keys).size).toBe(lists.length);
  });

  it("takes in extras that are longer than its regions", () => {
    const extras = [["x".repeat(300_000)], ["y".repeat(100_000), "é"]];
    const expected = referenceKeys({ blockSizeTokens: 16, secret: "", model: "m", tokens: ints(32), extras });
    expect(keysOf(size16, { tokens: ints(32), scope, extras })).toEqual(expected);
  });

  it("separates models, block sizes and secrets", () => {
    const tokens = new Uint32Array(64);
    const all = [
      ...keysOf(size16, { tokens, scope }),
      ...keysOf(size16, { tokens, scope: { model: "n" } }),
      ...keysOf({ blockSizeTokens: 8 }, { tokens, scope }),
      ...keysOf({ blockSizeTokens: 16, secret: "s" }, { tokens, scope }),
      ...keysOf({ blockSizeTokens: 16, secret: Uint8Array.of(0) }, { tokens, scope }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it("remembers no more than a bounded number of models and stays right beyond it", () => {
    const hasher = createNativeHasher(size16);
    const keyOf = (model: string): bigint => {
      const keys = createBlockKeys(1, 16);
      hasher.append({ tokens: ints(16), fromToken: 0, toToken: 16, scope: { model } }, keys);
      return blockKeysToBigInts(keys)[0]!;
    };
    const first = Array.from({ length: 600 }, (_, i) => keyOf(`model ${i}`));
    expect(new Set(first).size).toBe(600);
    expect(Array.from({ length: 600 }, (_, i) => keyOf(`model ${i}`))).toEqual(first);
  });

  it("refuses keys of another block size", () => {
    const keys: BlockKeys = createBlockKeys(1, 32);
    expect(() =>
      createNativeHasher(size16).append({ tokens: ints(16), fromToken: 0, toToken: 16, scope }, keys),
    ).toThrow(/32 tokens/);
  });

  it("appends nothing for less than a block", () => {
    expect(keysOf(size16, { tokens: ints(15), scope })).toEqual([]);
    expect(keysOf(size16, { tokens: ints(40), fromToken: 30, toToken: 20, scope })).toEqual([]);
    expect(keysOf(size16, { tokens: ints(20), fromToken: 4, toToken: 1000, scope })).toHaveLength(1);
  });
});
