// Our own keys.

export { blockKeysToBigInts, createBlockKeys, joinWords, reserveBlockKeys, splitWords } from "./block-keys";
// Dynamo's, which are SMG's too.
export {
  createDynamoHasher,
  type DynamoHasher,
  type DynamoLocalInput,
  dynamoLocalHashes,
  dynamoMultimodalHash,
  dynamoPadValue,
  dynamoRollHash,
  dynamoSequenceHashes,
} from "./dynamo/dynamo";
// llm-d's.
export { type LlmdMultimodal, llmdFeaturesFromEvent, llmdFeaturesFromMultimodal } from "./llmd/features";
export {
  createLlmdHasher,
  type LlmdBlockFeatures,
  type LlmdHashAlgorithm,
  type LlmdHasher,
  type LlmdHasherOptions,
  type LlmdKeysInput,
} from "./llmd/hasher";
export { extrasFromEvent, extrasFromRequest } from "./native/extras";
export { createNativeHasher, NATIVE_ALGORITHM, type NativeHasherOptions } from "./native/hasher";
// vLLM's.
export { VLLM_HASH_ALGORITHMS, type VllmHashAlgorithm, vllmDigestBytes } from "./vllm/algorithm";
export { vllmNoneHash } from "./vllm/digest";
export { externalHash, externalHashes } from "./vllm/external-hash";
export type { VllmBlockExtraKeys, VllmExtraKey, VllmExtraKeyForm } from "./vllm/extra-key";
export {
  type VllmExtraKeysInput,
  type VllmMultimodalItem,
  type VllmRequestFeatures,
  vllmEventExtraKeys,
  vllmExtraKeys,
} from "./vllm/extra-keys";
export {
  createVllmHasher,
  type VllmBlockInput,
  type VllmHasher,
  type VllmHasherOptions,
  type VllmPromptInput,
} from "./vllm/hasher";
export { type VllmKeysFromEventOptions, vllmKeysFromEvent } from "./vllm/keys-from-event";
export {
  createHashVerifier,
  type HashCheck,
  type HashVerifier,
  type HashVerifierOptions,
  type Unverifiable,
} from "./vllm/verifier";
