import { createNativeHasher } from "@warmpath/block-hashing";
import { TIER_CPU, TIER_GPU, TIER_STORAGE } from "@warmpath/contracts";
import { createKvIndex } from "@warmpath/kv-index";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../tooling/testing/clock";
import { IndexPrefixMatch, usableTokens } from "./index-prefix-match";

const hasher = createNativeHasher({ blockSizeTokens: 16 });

function keysOf(tokens: Uint32Array) {
  const keys = { words: new Uint32Array(64), count: 0, blockSizeTokens: 16 };
  hasher.append({ tokens, fromToken: 0, toToken: tokens.length, scope: { model: "m" } }, keys);
  return keys;
}

const indexOf = () => createKvIndex({ hasher, clock: new ManualClock(), maxBytes: 2 ** 23 });

describe("usableTokens", () => {
  it("is what vLLM reports: whole blocks, at least one token computed", () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(5000), fc.constantFrom(8, 16, 32, 128), (matched, prompt, block) => {
        const capped = Math.floor(Math.max(0, prompt - 1) / block) * block;
        expect(usableTokens(matched, prompt, block)).toBe(Math.min(Math.floor(matched / block) * block, capped));
      }),
    );
  });
});

describe("IndexPrefixMatch", () => {
  it("tells tokens by endpoint and tier, and cuts the slowest tier first", () => {
    const index = indexOf();
    const keys = keysOf(Uint32Array.from({ length: 160 }, (_, i) => i));
    index.applyStored(3, TIER_GPU, keys.words, 0, 4);
    index.applyStored(3, TIER_CPU, keys.words, 4, 3);
    index.applyStored(3, TIER_STORAGE, keys.words, 7, 3);
    index.applyStored(200, TIER_GPU, keys.words, 0, 1);
    const match = new IndexPrefixMatch();
    const tiers = (slot: number) => [0, 1, 2].map((tier) => match.matchedTokensInTier(slot, tier));
    match.lookup(index, keys, 160, () => 16);
    expect([match.matchedTokens(3), tiers(3)]).toEqual([144, [64, 48, 32]]);
    expect([match.matchedTokens(200), tiers(200)]).toEqual([16, [16, 0, 0]]);
    expect([match.matchedTokens(0), match.matchedTokens(5000), tiers(9)]).toEqual([0, 0, [0, 0, 0]]);
    match.lookup(index, keys, 161, () => 64);
    expect([match.matchedTokens(3), tiers(3)]).toEqual([128, [64, 48, 16]]);
    expect(match.matchedTokens(200)).toBe(0);
    index.close();
  });

  it("forgets the last look-up", () => {
    const index = indexOf();
    const one = keysOf(Uint32Array.from({ length: 64 }, (_, i) => i));
    const two = keysOf(Uint32Array.from({ length: 64 }, (_, i) => i + 1000));
    index.applyStored(1, TIER_GPU, one.words, 0, 4);
    index.applyStored(2, TIER_GPU, two.words, 0, 4);
    const match = new IndexPrefixMatch();
    match.lookup(index, one, 65, () => 16);
    expect([match.matchedTokens(1), match.matchedTokens(2)]).toEqual([64, 0]);
    match.lookup(index, two, 65, () => 16);
    expect([match.matchedTokens(1), match.matchedTokens(2)]).toEqual([0, 64]);
    match.clear();
    expect([match.matchedTokens(2), match.promptTokens]).toEqual([0, 0]);
    index.close();
  });

  it("holds more endpoints than it was made for", () => {
    const index = indexOf();
    const keys = keysOf(Uint32Array.from({ length: 32 }, (_, i) => i));
    for (let slot = 0; slot < 300; slot++) index.applyStored(slot, TIER_GPU, keys.words, 0, 1 + (slot % 2));
    const match = new IndexPrefixMatch();
    match.lookup(index, keys, 100, () => 16);
    for (let slot = 0; slot < 300; slot++) expect(match.matchedTokens(slot)).toBe(16 + 16 * (slot % 2));
    index.close();
  });
});
