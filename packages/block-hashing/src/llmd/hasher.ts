import { type BlockKeys, WarmpathError } from "@warmpath/contracts";
import { appendWords, splitWords } from "../block-keys";
import { ByteWriter, utf8Length } from "../byte-writer";
import { Stage } from "../kernels/stage";
import { requireBlockSize } from "../options";
import { writeCborHead, writeCborText } from "../vllm/cbor";

/** llm-d's `tokenProcessorConfig.hashAlgorithm`; `cbor-fnv` is its default. */
export type LlmdHashAlgorithm = "cbor-fnv" | "xxh64";

/** Strings that taint one block (multimodal hashes, then the salt); null, undefined or empty = none. */
export type LlmdBlockFeatures = readonly string[] | null | undefined;

export interface LlmdHasherOptions {
  /** Default `cbor-fnv`. */
  readonly algorithm?: LlmdHashAlgorithm | undefined;
  /** Enters the root; default "". */
  readonly hashSeed?: string | undefined;
  /** Tokens per key; 0 = unset = 16. */
  readonly blockSizeTokens?: number | undefined;
}

export interface LlmdKeysInput {
  /** Served model, or the adapter. Does not matter where there is a parent. */
  readonly model: string;
  readonly tokens: Uint32Array;
  /** Key before the first block; undefined or 0 = the root of `model`. */
  readonly parent?: { readonly lo: number; readonly hi: number } | undefined;
  /** One entry for each full block, or undefined. */
  readonly features?: readonly LlmdBlockFeatures[] | null | undefined;
}

/** Computes the request keys of llm-d's KV cache indexer. */
export interface LlmdHasher {
  readonly algorithm: LlmdHashAlgorithm;
  readonly blockSizeTokens: number;
  /** Parent of the first block of a prompt for `model`, as an unsigned 64-bit integer. */
  root(model: string): bigint;
  /**
   * Appends the key of each full block to `into` and returns how many. Throws `invalid_request` when `features` has not one
   * entry for each full block.
   */
  keys(input: LlmdKeysInput, into: BlockKeys): number;
}

const DEFAULT_BLOCK_SIZE = 16;

/** An array of one-key maps, `{"Hash": text}`. */
function encodeCborFeatures(features: readonly string[], into: ByteWriter): void {
  if (features.length === 0) return;
  writeCborHead(4, features.length, into);
  for (const text of features) {
    into.u8(0xa1);
    writeCborText("Hash", into);
    writeCborText(text, into);
  }
}

function encodeXxhFeatures(features: readonly string[], into: ByteWriter): void {
  for (const text of features) {
    into.little(utf8Length(text), 8);
    into.text(text);
  }
}

function writeCborU64(value: bigint, into: ByteWriter): void {
  const { lo, hi } = splitWords(value);
  if (hi === 0) {
    writeCborHead(0, lo, into);
  } else {
    into.u8(0x1b);
    into.big(hi, 4);
    into.big(lo, 4);
  }
}

type Hash = (message: ByteWriter) => bigint;

function cborRoot(hash: Hash, hashSeed: string, model: string): bigint {
  const writer = new ByteWriter();
  writer.text(hashSeed);
  const seedHash = hash(writer);
  writer.length = 0;
  writer.u8(0x83);
  writeCborU64(seedHash, writer);
  writer.u8(0xf6);
  writeCborText(model, writer);
  return hash(writer);
}

function xxhRoot(hash: Hash, hashSeed: string, model: string): bigint {
  const writer = new ByteWriter();
  writer.text(hashSeed);
  const { lo, hi } = splitWords(hash(writer));
  writer.length = 0;
  writer.little(lo, 4);
  writer.little(hi, 4);
  writer.little(utf8Length(model), 8);
  writer.text(model);
  return hash(writer);
}

/** What the two algorithms differ in. */
const ALGORITHMS = {
  "cbor-fnv": { chain: "llmd_cbor_fnv", hash: "fnv1a64", root: cborRoot, encode: encodeCborFeatures },
  xxh64: { chain: "llmd_xxh64", hash: "xxh64", root: xxhRoot, encode: encodeXxhFeatures },
} as const;

class Hasher implements LlmdHasher {
  readonly algorithm: LlmdHashAlgorithm;
  readonly blockSizeTokens: number;
  private readonly hashSeed: string;
  private readonly stage: Stage;
  private lastRoot: { readonly model: string; readonly root: bigint } | undefined;

  constructor({ algorithm = "cbor-fnv", hashSeed = "", blockSizeTokens = 0 }: LlmdHasherOptions) {
    if (!Object.hasOwn(ALGORITHMS, algorithm)) {
      throw new WarmpathError("invalid_configuration", `hashAlgorithm is ${algorithm}; it is cbor-fnv or xxh64`);
    }
    this.algorithm = algorithm;
    this.hashSeed = hashSeed;
    this.blockSizeTokens = requireBlockSize(blockSizeTokens === 0 ? DEFAULT_BLOCK_SIZE : blockSizeTokens);
    this.stage = new Stage({ blockSizeTokens: this.blockSizeTokens, resultBytes: 8 });
  }

  root(model: string): bigint {
    if (this.lastRoot?.model !== model) {
      const { root, hash } = ALGORITHMS[this.algorithm];
      const { stage } = this;
      const digest: Hash = (message) =>
        BigInt.asUintN(64, stage.kernel.run[hash](stage.loadMessage(message.view()), message.length));
      this.lastRoot = { model, root: root(digest, this.hashSeed, model) };
    }
    return this.lastRoot.root;
  }

  keys({ model, tokens, parent, features }: LlmdKeysInput, into: BlockKeys): number {
    const { stage, blockSizeTokens: size } = this;
    const count = Math.floor(tokens.length / size);
    if (features != null && features.length !== count) {
      throw new WarmpathError("invalid_request", `features has ${features.length} entries for ${count} full blocks`);
    }
    const isRoot = parent === undefined || (parent.lo === 0 && parent.hi === 0);
    const { lo, hi } = isRoot ? splitWords(this.root(model)) : parent;
    stage.setParent(lo, hi);
    const { chain, encode } = ALGORITHMS[this.algorithm];
    for (let done = 0; done < count; ) {
      const blocks = Math.min(count - done, stage.chunkBlocks);
      stage.loadTokens(tokens, done * size, blocks * size);
      const extras = stage.loadExtras(features ?? undefined, done, blocks, encode);
      stage.kernel.run[chain](stage.tokensAt, blocks, size, extras, stage.scratchAt, stage.outAt);
      appendWords(into, stage.kernel.u32, stage.outAt >>> 2, blocks);
      stage.setParent(into.words[2 * into.count - 2]!, into.words[2 * into.count - 1]!);
      done += blocks;
    }
    return count;
  }
}

/** Makes a hasher for one `tokenProcessorConfig`; throws `invalid_configuration` for a negative size or unknown algorithm. */
export function createLlmdHasher(options: LlmdHasherOptions = {}): LlmdHasher {
  return new Hasher(options);
}
