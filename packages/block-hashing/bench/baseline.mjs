import { createHash } from "node:crypto";

function pushHead(bytes, major, value) {
  if (value < 24) bytes.push((major << 5) | value);
  else if (value < 0x100) bytes.push((major << 5) | 24, value);
  else if (value < 0x1_0000) bytes.push((major << 5) | 25, value >>> 8, value & 0xff);
  else bytes.push((major << 5) | 26, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/**
 * What one writes first: canonical CBOR of each block into an array, then `crypto.createHash`. The same digests as vLLM's
 * sha256_cbor; the named baseline of the ratios.
 */
export function naiveSha256Cbor(tokens, blockSizeTokens, noneHash) {
  let parent = noneHash;
  for (let start = 0; start + blockSizeTokens <= tokens.length; start += blockSizeTokens) {
    const bytes = [0x83];
    pushHead(bytes, 2, parent.length);
    bytes.push(...parent);
    pushHead(bytes, 4, blockSizeTokens);
    for (let i = 0; i < blockSizeTokens; i++) pushHead(bytes, 0, tokens[start + i]);
    bytes.push(0xf6);
    parent = createHash("sha256").update(Uint8Array.from(bytes)).digest();
  }
  return parent;
}
