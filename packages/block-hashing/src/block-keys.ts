import type { BlockKeys } from "@warmpath/contracts";
import { copyWords } from "./copy-words";

/** Empty block keys with room for `capacity` blocks. */
export function createBlockKeys(capacity: number, blockSizeTokens: number): BlockKeys {
  return { words: new Uint32Array(2 * capacity), count: 0, blockSizeTokens };
}

/** Makes room for `blocks` keys in all; at least doubles when it grows. */
export function reserveBlockKeys(keys: BlockKeys, blocks: number): void {
  if (2 * blocks <= keys.words.length) return;
  const grown = new Uint32Array(Math.max(2 * blocks, 2 * keys.words.length));
  grown.set(keys.words.subarray(0, 2 * keys.count));
  keys.words = grown;
}

/** The valid keys as unsigned 64-bit integers, for API edges. */
export function blockKeysToBigInts(keys: BlockKeys): bigint[] {
  return Array.from({ length: keys.count }, (_, i) => joinWords(keys.words[2 * i]!, keys.words[2 * i + 1]!));
}

/** Low and high word as one unsigned 64-bit integer. */
export function joinWords(lo: number, hi: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** Low and high word of an unsigned 64-bit integer. */
export function splitWords(value: bigint): { lo: number; hi: number } {
  return { lo: Number(value & 0xffffffffn), hi: Number((value >> 32n) & 0xffffffffn) };
}

/** Appends `count` keys that stand as u64 words in `source` from word `at` on. */
export function appendWords(keys: BlockKeys, source: Uint32Array, at: number, count: number): void {
  reserveBlockKeys(keys, keys.count + count);
  copyWords(source, at, 2 * count, keys.words, 2 * keys.count);
  keys.count += count;
}
