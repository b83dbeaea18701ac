/** The tokens of the hash figures in the index bench: 10,000 ids below Qwen's vocabulary size. */
export const TOKENS = Uint32Array.from({ length: 10_000 }, (_, i) => (Math.imul(i, 2654435761) >>> 0) % 151_643);

/** Every algorithm as a function that hashes `tokens` once into memory that is there already. */
export function makeRuns(hashing, blockSizeTokens, tokens) {
  const blocks = Math.floor(tokens.length / blockSizeTokens);
  const keys = hashing.createBlockKeys(blocks, blockSizeTokens);
  const sequence = hashing.createBlockKeys(blocks, blockSizeTokens);
  const digests = new Uint8Array(32 * blocks);
  const native = hashing.createNativeHasher({ blockSizeTokens });
  const input = { tokens, fromToken: 0, toToken: tokens.length, scope: { model: "m" } };
  const dynamo = hashing.createDynamoHasher({ blockSizeTokens });
  const runs = {
    native: () => {
      keys.count = 0;
      native.append(input, keys);
    },
    "dynamo-local": () => dynamo.localHashes({ tokens }, keys),
    "dynamo-local+sequence": () => dynamo.sequenceHashes(dynamo.localHashes({ tokens }, keys), sequence),
  };
  for (const algorithm of ["cbor-fnv", "xxh64"]) {
    const hasher = hashing.createLlmdHasher({ algorithm, blockSizeTokens });
    runs[`llm-d-${algorithm}`] = () => {
      keys.count = 0;
      hasher.keys({ model: "m", tokens }, keys);
    };
  }
  for (const algorithm of hashing.VLLM_HASH_ALGORITHMS) {
    const hasher = hashing.createVllmHasher({ algorithm, seed: "0", blockSizeTokens });
    runs[`vllm-${algorithm}`] = () => hasher.hashPrompt({ tokens }, digests);
  }
  return runs;
}
