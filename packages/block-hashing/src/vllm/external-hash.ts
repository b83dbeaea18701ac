import type { EngineHashes } from "@warmpath/contracts";

const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** The number that events carry for a digest: its last 8 bytes, big-endian. */
export function externalHash(digest: Uint8Array): { lo: number; hi: number } {
  return { lo: word(digest, digest.length - 4), hi: word(digest, digest.length - 8) };
}

/** The numbers of `count` digests of `digestBytes` bytes each, as event decoders deliver them. */
export function externalHashes(digests: Uint8Array, digestBytes: number, count: number): EngineHashes {
  const words = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const end = (i + 1) * digestBytes;
    words[2 * i] = word(digests, end - 4);
    words[2 * i + 1] = word(digests, end - 8);
  }
  return words;
}
