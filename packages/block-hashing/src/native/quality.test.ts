import { describe, expect, it } from "vitest";
import { createBlockKeys } from "../block-keys";
import { createNativeHasher } from "./hasher";

const scope = { model: "m" };

/** Bits set in a word. */
function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Keys of `blocks` blocks that each follow the same parent, so that a collision can only come from their tokens. */
function siblingKeys(blocks: number, size: number, fill: (block: Uint32Array, index: number) => void): BigUint64Array {
  const hasher = createNativeHasher({ blockSizeTokens: size });
  const keys = createBlockKeys(1, size);
  const block = new Uint32Array(size);
  const input = { tokens: block, fromToken: 0, toToken: size, scope };
  const words = new Uint32Array(2 * blocks);
  for (let i = 0; i < blocks; i++) {
    fill(block, i);
    keys.count = 0;
    hasher.append(input, keys);
    words[2 * i] = keys.words[0]!;
    words[2 * i + 1] = keys.words[1]!;
  }
  return new BigUint64Array(words.buffer);
}

/** Pairs of equal neighbours once sorted. */
function collisions(values: BigUint64Array | Uint32Array): number {
  const sorted = values.slice().sort();
  let count = 0;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) count++;
  return count;
}

/** 30 bits of each key, as a check that short parts of keys collide as often as random ones. */
function thirtyBits(keys: BigUint64Array, shift: 0 | 17 | 34): Uint32Array {
  const words = new Uint32Array(keys.buffer);
  const parts = new Uint32Array(keys.length);
  for (let i = 0; i < parts.length; i++) {
    const [lo, hi] = [words[2 * i]!, words[2 * i + 1]!];
    parts[i] = (shift === 0 ? lo : shift === 17 ? (lo >>> 17) | (hi << 15) : hi >>> 2) & 0x3fffffff;
  }
  return parts;
}

const COUNT = 300_000;
const families: readonly (readonly [string, (block: Uint32Array, i: number) => void])[] = [
  [
    "one token counts up",
    (block, i) => {
      block[7] = i;
    },
  ],
  [
    "two tokens count in step",
    (block, i) => {
      block[0] = i;
      block[4] = i;
    },
  ],
  [
    "the sum of two partners stays",
    (block, i) => {
      block[0] = i;
      block[4] = 300_000 - i;
    },
  ],
  [
    "bits spread over all tokens",
    (block, i) => {
      for (let j = 0; j < block.length; j++) block[j] = (i >>> (2 * j)) & 3;
    },
  ],
  [
    "two digits",
    (block, i) => {
      block[3] = i % 547;
      block[11] = Math.floor(i / 547);
    },
  ],
  ["one id all through", (block, i) => void block.fill(i)],
  [
    "two ids swapped at all distances",
    (block, i) => {
      for (let j = 0; j < block.length; j++) block[j] = Math.floor(i / 3 ** (j % 11)) % 3;
      block[15] = Math.floor(i / 3 ** 11);
    },
  ],
];

describe("native keys", () => {
  it.each(families)("have no collision among structured blocks: %s", (_, fill) => {
    const keys = siblingKeys(COUNT, 16, fill);
    expect(collisions(keys)).toBe(0);
    // 300,000 random values of 30 bits have 41.9 collisions on average; four standard deviations around it.
    for (const shift of [0, 17, 34] as const) {
      const short = collisions(thirtyBits(keys, shift));
      expect(short).toBeGreaterThan(15);
      expect(short).toBeLessThan(69);
    }
  });

  it("have no collision along chains of two million blocks of equal content", () => {
    const hasher = createNativeHasher({ blockSizeTokens: 1 });
    const keys = createBlockKeys(2_000_000, 1);
    hasher.append({ tokens: new Uint32Array(2_000_000), fromToken: 0, toToken: 2_000_000, scope }, keys);
    expect(collisions(new BigUint64Array(keys.words.buffer))).toBe(0);
  });

  it("flip every bit with probability one half, whichever bit of whichever token changes", () => {
    const hasher = createNativeHasher({ blockSizeTokens: 16 });
    const keyOf = (tokens: Uint32Array): Uint32Array => {
      const keys = createBlockKeys(1, 16);
      hasher.append({ tokens, fromToken: 0, toToken: 16, scope }, keys);
      return keys.words.slice(0, 2);
    };
    const bases = 40;
    const flips = new Float64Array(64);
    let [worstTotal, samples] = [0, 0];
    for (let token = 0; token < 16; token++) {
      for (let bit = 0; bit < 32; bit++) {
        let total = 0;
        for (let base = 0; base < bases; base++) {
          const tokens = Uint32Array.from({ length: 16 }, (_, i) => Math.imul(base * 16 + i, 0x9e3779b1) >>> 14);
          const before = keyOf(tokens);
          tokens[token]! ^= 1 << bit;
          const after = keyOf(tokens);
          const changed = [before[0]! ^ after[0]!, before[1]! ^ after[1]!];
          total += ones(changed[0]!) + ones(changed[1]!);
          for (let k = 0; k < 64; k++) flips[k]! += (changed[k >> 5]! >>> (k & 31)) & 1;
          samples++;
        }
        worstTotal = Math.max(worstTotal, Math.abs(total / (64 * bases) - 0.5));
      }
    }
    // 2,560 bits an input bit: five standard deviations are 0.049; 20,480 samples an output bit: 0.0175.
    expect(worstTotal).toBeLessThan(0.05);
    for (const count of flips) expect(Math.abs(count / samples - 0.5)).toBeLessThan(0.018);
  });

  it("flip every bit with probability one half when a bit of the parent changes", () => {
    const hasher = createNativeHasher({ blockSizeTokens: 16 });
    const tokens = new Uint32Array(16);
    const keyOf = (lo: number, hi: number): Uint32Array => {
      const keys = createBlockKeys(1, 16);
      hasher.append({ tokens, fromToken: 0, toToken: 16, scope, parent: { lo, hi } }, keys);
      return keys.words.slice(0, 2);
    };
    for (let bit = 0; bit < 64; bit++) {
      let total = 0;
      for (let base = 0; base < 200; base++) {
        const [lo, hi] = [Math.imul(base, 0x9e3779b1) >>> 0, Math.imul(base, 0x85ebca6b) >>> 0];
        const before = keyOf(lo, hi);
        const after = bit < 32 ? keyOf((lo ^ (1 << bit)) >>> 0, hi) : keyOf(lo, (hi ^ (1 << (bit - 32))) >>> 0);
        total += ones(before[0]! ^ after[0]!) + ones(before[1]! ^ after[1]!);
      }
      // 12,800 bits: five standard deviations are 0.022.
      expect(Math.abs(total / 12_800 - 0.5)).toBeLessThan(0.023);
    }
  });
});
