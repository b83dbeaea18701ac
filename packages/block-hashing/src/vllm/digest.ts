import { WarmpathError } from "@warmpath/contracts";
import { ByteWriter } from "../byte-writer";
import { SLOT } from "../kernels/layout";
import { Stage } from "../kernels/stage";
import { isPickled, isXxhash, type VllmHashAlgorithm, vllmDigestBytes } from "./algorithm";
import { writeCborText } from "./cbor";
import { type PickleOptions, Pickler, type PickleValue } from "./pickle";

/** What vLLM derives NONE_HASH from for the sha256 algorithms where PYTHONHASHSEED is unset, since August 2026. */
const DEFAULT_SEED = "vllm-none-hash";

const ONE_TEXT: PickleOptions = { equalStrings: "several-objects" };

/** The algorithm's digest of `message`, in a new array. */
export function digestBytes(stage: Stage, algorithm: VllmHashAlgorithm, message: Uint8Array): Uint8Array {
  const address = stage.loadMessage(message);
  const { run, u8 } = stage.kernel;
  if (isXxhash(algorithm)) run.xxh3_128(address, message.length, SLOT);
  else run.sha256(address, message.length, SLOT);
  return u8.slice(SLOT, SLOT + vllmDigestBytes(algorithm));
}

/** The digest of a whole pickle, for blocks that need more than one frame. */
export function digestPickle(
  stage: Stage,
  algorithm: VllmHashAlgorithm,
  value: PickleValue,
  options: PickleOptions,
): Uint8Array {
  const writer = new ByteWriter();
  new Pickler(writer, options, true, 0).dump(value);
  return digestBytes(stage, algorithm, writer.view());
}

function resolveSeed(algorithm: VllmHashAlgorithm, seed: string | undefined): string {
  if (seed !== undefined) return seed;
  if (!isXxhash(algorithm)) return DEFAULT_SEED;
  throw new WarmpathError(
    "invalid_configuration",
    `vLLM draws a random NONE_HASH for ${algorithm} where PYTHONHASHSEED is unset: give a seed or the noneHash itself`,
  );
}

/** NONE_HASH on a stage that is there already. */
export function noneHashOn(stage: Stage, algorithm: VllmHashAlgorithm, seed: string | undefined): Uint8Array {
  const text = resolveSeed(algorithm, seed);
  const writer = new ByteWriter();
  if (isPickled(algorithm)) new Pickler(writer, ONE_TEXT, true, 0).dump(text);
  else writeCborText(text, writer);
  return digestBytes(stage, algorithm, writer.view());
}

/**
 * vLLM's NONE_HASH, the parent of every first block: the digest of PYTHONHASHSEED as text. Undefined = the variable is
 * unset: the fixed default of vLLM since August 2026 (sha256 algorithms), else `invalid_configuration`, since every engine
 * process then draws its own.
 */
export function vllmNoneHash(algorithm: VllmHashAlgorithm, seed: string | undefined): Uint8Array {
  return noneHashOn(new Stage({ blockSizeTokens: 1, resultBytes: 32 }), algorithm, seed);
}
