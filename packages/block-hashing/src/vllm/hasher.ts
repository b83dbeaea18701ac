import { WarmpathError } from "@warmpath/contracts";
import type { ByteWriter } from "../byte-writer";
import { PARENT, SLOT } from "../kernels/layout";
import { Stage } from "../kernels/stage";
import { requireBlockSize } from "../options";
import { isPickled, type VllmHashAlgorithm, vllmDigestBytes } from "./algorithm";
import { writeCbor } from "./cbor";
import { digestPickle, noneHashOn } from "./digest";
import { externalHash } from "./external-hash";
import type { VllmBlockExtraKeys, VllmExtraKey, VllmExtraKeyForm } from "./extra-key";
import { type VllmRequestFeatures, vllmExtraKeys } from "./extra-keys";
import { type PickleOptions, Pickler } from "./pickle";

export interface VllmHasherOptions {
  readonly algorithm: VllmHashAlgorithm;
  /** The engine's PYTHONHASHSEED; undefined = unset, see `vllmNoneHash`. */
  readonly seed?: string | undefined;
  /** The engine's NONE_HASH itself, 1 to 255 bytes; wins over `seed`. */
  readonly noneHash?: Uint8Array | undefined;
  /** Tokens per block. */
  readonly blockSizeTokens: number;
  /** Default `tagged`. */
  readonly extraKeyForm?: VllmExtraKeyForm | undefined;
  /**
   * Matters to the pickled algorithms only, where one block has the same string twice (one image twice, say): a string
   * object that repeats is pickled as a reference. Default `several-objects`, as in a vLLM server, whose strings are
   * decoded one by one; `one-object` where they are literals of one Python program.
   */
  readonly equalStrings?: PickleOptions["equalStrings"] | undefined;
}

export interface VllmBlockInput {
  /** Undefined = NONE_HASH. At most 255 bytes. */
  readonly parent?: Uint8Array | undefined;
  readonly tokens: Uint32Array;
  /** The block is `tokens[fromToken, toToken)`, whatever its length. */
  readonly fromToken: number;
  readonly toToken: number;
  readonly extraKeys?: VllmBlockExtraKeys;
}

export interface VllmPromptInput {
  readonly tokens: Uint32Array;
  /** Where to start, a multiple of the block size; default 0. */
  readonly fromToken?: number | undefined;
  /** Where to end; a partial last block is left out. Default the end of `tokens`. */
  readonly toToken?: number | undefined;
  /** Digest of the block before `fromToken`; undefined = NONE_HASH. */
  readonly parent?: Uint8Array | undefined;
  /** Extra keys by block of this call; wins over `features`. */
  readonly extraKeys?: readonly VllmBlockExtraKeys[] | undefined;
  /** What the request adds; positions count from the prompt's start. */
  readonly features?: VllmRequestFeatures | undefined;
}

/** Computes the digests that a vLLM engine gives its KV blocks. */
export interface VllmHasher {
  readonly algorithm: VllmHashAlgorithm;
  readonly blockSizeTokens: number;
  /** Bytes of a digest: 32 or 16. */
  readonly digestBytes: number;
  readonly noneHash: Uint8Array;
  readonly extraKeyForm: VllmExtraKeyForm;
  /** Writes one block's digest to `out` at `outOffset` (default 0). */
  hashBlock(input: VllmBlockInput, out: Uint8Array, outOffset?: number): void;
  /** Writes the digests of all full blocks to `out`, one behind the other, and returns how many. Allocates nothing per block. */
  hashPrompt(input: VllmPromptInput, out: Uint8Array, outOffset?: number): number;
  /** The 64-bit form that events carry. */
  externalHash(digests: Uint8Array, index?: number): { lo: number; hi: number };
}

/** Bytes that a pickled block may have without a second frame, less what its heads take. */
const ONE_FRAME_BYTES = 65_536 - 400;
const LONGEST_TOKEN_BYTES = 7;

function upperBound(key: VllmExtraKey): number {
  if (typeof key === "string") return 3 * key.length + 8;
  if (typeof key === "number") return 10;
  if (key instanceof Uint8Array) return key.length + 8;
  return key.reduce<number>((sum, item) => sum + upperBound(item), 8);
}

function requireParent(parent: Uint8Array, name: string): void {
  if (parent.length > 0 && parent.length < 256) return;
  throw new WarmpathError("invalid_configuration", `${name} has ${parent.length} bytes; it has 1 to 255`);
}

class Hasher implements VllmHasher {
  readonly algorithm: VllmHashAlgorithm;
  readonly blockSizeTokens: number;
  readonly digestBytes: number;
  readonly noneHash: Uint8Array;
  readonly extraKeyForm: VllmExtraKeyForm;
  private readonly stage: Stage;
  private readonly pickle: PickleOptions;

  constructor(options: VllmHasherOptions) {
    this.algorithm = options.algorithm;
    this.blockSizeTokens = requireBlockSize(options.blockSizeTokens);
    this.digestBytes = vllmDigestBytes(options.algorithm);
    this.extraKeyForm = options.extraKeyForm ?? "tagged";
    this.pickle = { equalStrings: options.equalStrings ?? "several-objects" };
    this.stage = new Stage({ blockSizeTokens: this.blockSizeTokens, resultBytes: this.digestBytes });
    this.noneHash = options.noneHash?.slice() ?? noneHashOn(this.stage, this.algorithm, options.seed);
    requireParent(this.noneHash, "noneHash");
  }

  hashBlock(input: VllmBlockInput, out: Uint8Array, outOffset = 0): void {
    const { tokens, fromToken, toToken, parent, extraKeys } = input;
    const size = toToken - fromToken;
    if (size < 1 || size > this.blockSizeTokens || toToken > tokens.length) {
      throw new WarmpathError("invalid_request", `a block of ${size} tokens; it has 1 to ${this.blockSizeTokens}`);
    }
    const keys = extraKeys === undefined ? undefined : [extraKeys];
    this.hashRun({ tokens, fromToken, size, count: 1, parent, keys }, out, outOffset);
  }

  hashPrompt(input: VllmPromptInput, out: Uint8Array, outOffset = 0): number {
    const { tokens, fromToken = 0, toToken = tokens.length, parent } = input;
    const size = this.blockSizeTokens;
    const count = Math.max(0, Math.floor((Math.min(toToken, tokens.length) - fromToken) / size));
    this.hashRun(
      { tokens, fromToken, size, count, parent, keys: this.keysOf(input, fromToken, count) },
      out,
      outOffset,
    );
    return count;
  }

  externalHash(digests: Uint8Array, index = 0): { lo: number; hi: number } {
    return externalHash(digests.subarray(index * this.digestBytes, (index + 1) * this.digestBytes));
  }

  private keysOf({ extraKeys, features }: VllmPromptInput, fromToken: number, blockCount: number): Keys {
    if (extraKeys !== undefined || features === undefined) return extraKeys;
    const { blockSizeTokens, extraKeyForm: form } = this;
    return vllmExtraKeys({ ...features, form, blockSizeTokens, blockCount, fromToken });
  }

  private hashRun(run: Run, out: Uint8Array, outOffset: number): void {
    const parent = run.parent ?? this.noneHash;
    requireParent(parent, "parent");
    if (out.length - outOffset < run.count * this.digestBytes) {
      throw new WarmpathError(
        "invalid_request",
        `room for ${run.count} digests of ${this.digestBytes} bytes is needed`,
      );
    }
    if (this.needsFrames(run)) this.hashFramed(run, parent, out, outOffset);
    else this.hashChunks(run, parent, out, outOffset);
  }

  private hashChunks(run: Run, parent: Uint8Array, out: Uint8Array, outOffset: number): void {
    this.setParent(parent, 0, parent.length);
    for (let done = 0; done < run.count; ) {
      const count = Math.min(run.count - done, this.stage.chunkBlocks);
      this.hashChunk(run, done, count, out, outOffset + done * this.digestBytes);
      done += count;
      if (done < run.count) this.setParent(out, outOffset + (done - 1) * this.digestBytes, this.digestBytes);
    }
  }

  private hashChunk(run: Run, first: number, count: number, out: Uint8Array, outOffset: number): void {
    const { stage, digestBytes } = this;
    const { size } = run;
    stage.loadTokens(run.tokens, run.fromToken + first * size, count * size);
    const extras = stage.loadExtras(run.keys, first, count, this.encodeKeys);
    const { run: kernel } = stage.kernel;
    kernel[`vllm_${this.algorithm}`](stage.tokensAt, count, size, extras, stage.scratchAt, stage.outAt);
    const { u8 } = stage.kernel;
    if (count > 1) out.set(u8.subarray(stage.outAt, stage.outAt + count * digestBytes), outOffset);
    else for (let i = 0; i < digestBytes; i++) out[outOffset + i] = u8[stage.outAt + i]!;
  }

  private setParent(bytes: Uint8Array, offset: number, length: number): void {
    const { u8, u32 } = this.stage.kernel;
    for (let i = 0; i < length; i++) u8[PARENT + i] = bytes[offset + i]!;
    u32[SLOT >>> 2] = length;
  }

  /** Extra keys alone: in a pickle, the parent and the tokens are objects 0 and 1 of the memo. */
  private readonly encodeKeys = (keys: readonly VllmExtraKey[], into: ByteWriter): void => {
    if (keys.length === 0) return;
    if (isPickled(this.algorithm)) new Pickler(into, this.pickle, false, 2).save(keys, false);
    else writeCbor(keys, into);
  };

  private needsFrames({ size, keys }: Run): boolean {
    if (!isPickled(this.algorithm)) return false;
    const room = ONE_FRAME_BYTES - LONGEST_TOKEN_BYTES * size;
    return room < 0 || (keys?.some((key) => key !== undefined && upperBound(key) > room) ?? false);
  }

  private hashFramed(run: Run, first: Uint8Array, out: Uint8Array, outOffset: number): void {
    let parent = first;
    for (let i = 0; i < run.count; i++) {
      const start = run.fromToken + i * run.size;
      const extra = run.keys?.[i];
      const value = [parent, run.tokens.subarray(start, start + run.size), extra?.length ? extra : null];
      parent = digestPickle(this.stage, this.algorithm, value, this.pickle);
      out.set(parent, outOffset + i * this.digestBytes);
    }
  }
}

type Keys = readonly VllmBlockExtraKeys[] | undefined;

/** Blocks of one size, one behind the other. */
interface Run {
  readonly tokens: Uint32Array;
  readonly fromToken: number;
  readonly size: number;
  readonly count: number;
  readonly parent: Uint8Array | undefined;
  readonly keys: Keys;
}

/** Makes a hasher for one engine configuration; throws `invalid_configuration` where NONE_HASH cannot be known. */
export function createVllmHasher(options: VllmHasherOptions): VllmHasher {
  return new Hasher(options);
}
