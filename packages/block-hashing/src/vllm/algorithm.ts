/** vLLM's `--prefix-caching-hash-algo`. `sha256` is its default. */
export type VllmHashAlgorithm = "sha256" | "sha256_cbor" | "xxhash" | "xxhash_cbor";

/** All of them, the default first. */
export const VLLM_HASH_ALGORITHMS: readonly VllmHashAlgorithm[] = ["sha256", "sha256_cbor", "xxhash", "xxhash_cbor"];

/** True where blocks are pickled, false where they are canonical CBOR. */
export const isPickled = (algorithm: VllmHashAlgorithm): boolean => !algorithm.endsWith("_cbor");

/** True where the digest is XXH3-128, false where it is SHA-256. */
export const isXxhash = (algorithm: VllmHashAlgorithm): boolean => algorithm.startsWith("xxhash");

/** Bytes of a digest: 32, or 16 for the xxhash algorithms. */
export const vllmDigestBytes = (algorithm: VllmHashAlgorithm): number => (isXxhash(algorithm) ? 16 : 32);
