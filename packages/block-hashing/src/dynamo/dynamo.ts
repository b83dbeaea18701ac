import type { BlockKeys } from "@warmpath/contracts";
import { appendWords, createBlockKeys, joinWords, splitWords } from "../block-keys";
import type { ByteWriter } from "../byte-writer";
import { copyWords } from "../copy-words";
import { DYNAMO_SEED } from "../kernels/dynamo";
import { Stage } from "../kernels/stage";
import { requireBlockSize } from "../options";

export interface DynamoLocalInput {
  readonly tokens: Uint32Array;
  /** Adapter name; "" counts as absent. */
  readonly loraName?: string | null | undefined;
  /** Cache namespace (tenant); "" counts as absent. */
  readonly cacheNamespace?: string | null | undefined;
  /** Every block takes in the first token of the next; a block without one is dropped. */
  readonly eagle?: boolean | null | undefined;
  /** Multimodal hashes by block; their order does not matter. */
  readonly multimodal?: readonly (readonly bigint[] | null | undefined)[] | null | undefined;
}

/** Computes block hashes as Dynamo's KV router and SMG's KV index do: XXH3-64 of the tokens, chained by XXH3-64. */
export interface DynamoHasher {
  readonly blockSizeTokens: number;
  /** Replaces what is in `into` by the hash of each full block's content alone. */
  localHashes(input: DynamoLocalInput, into: BlockKeys): BlockKeys;
  /** Replaces what is in `into` by the chained hashes of `local`. The first is its local hash, or continues from `parent`. */
  sequenceHashes(local: BlockKeys, into: BlockKeys, parent?: { readonly lo: number; readonly hi: number }): BlockKeys;
}

function encodeHashes(hashes: readonly bigint[], into: ByteWriter): void {
  for (const hash of [...hashes].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    const { lo, hi } = splitWords(hash);
    into.little(lo, 4);
    into.little(hi, 4);
  }
}

/** XXH3-64 of UTF-8 text. */
function hashText(stage: Stage, text: string, seed: bigint): bigint {
  const bytes = new TextEncoder().encode(text);
  return BigInt.asUintN(64, stage.kernel.run.xxh3_64(stage.loadMessage(bytes), bytes.length, seed));
}

class Hasher implements DynamoHasher {
  readonly blockSizeTokens: number;
  private readonly stage: Stage;
  private lastSeed = { lora: "", namespace: "", seed: DYNAMO_SEED };

  constructor(blockSizeTokens: number) {
    this.blockSizeTokens = requireBlockSize(blockSizeTokens);
    this.stage = new Stage({ blockSizeTokens, resultBytes: 8, lookaheadTokens: 1 });
  }

  localHashes(input: DynamoLocalInput, into: BlockKeys): BlockKeys {
    const { stage, blockSizeTokens: size } = this;
    const { tokens, multimodal } = input;
    const extraToken = input.eagle ? 1 : 0;
    const total = Math.max(0, Math.floor((tokens.length - extraToken) / size));
    const seed = this.seedOf(input.loraName || "", input.cacheNamespace || "");
    into.count = 0;
    for (let done = 0; done < total; ) {
      const count = Math.min(total - done, stage.chunkBlocks);
      stage.loadTokens(tokens, done * size, count * size + extraToken);
      const extras = stage.loadExtras(multimodal ?? undefined, done, count, encodeHashes);
      const { tokensAt, scratchAt, outAt, kernel } = stage;
      kernel.run.dynamo_local(tokensAt, count, size, size + extraToken, extras, scratchAt, outAt, seed);
      appendWords(into, kernel.u32, outAt >>> 2, count);
      done += count;
    }
    return into;
  }

  sequenceHashes(local: BlockKeys, into: BlockKeys, parent?: { readonly lo: number; readonly hi: number }): BlockKeys {
    const { stage } = this;
    const { kernel, tokensAt, outAt, chunkBlocks } = stage;
    into.count = 0;
    let hasParent = parent === undefined ? 0 : 1;
    stage.setParent(parent?.lo ?? 0, parent?.hi ?? 0);
    // Two words a hash, in the room of the tokens: a block of one token has room for half a chunk.
    const room = Math.max(1, Math.floor(chunkBlocks / 2));
    for (let done = 0; done < local.count; ) {
      const count = Math.min(local.count - done, room);
      copyWords(local.words, 2 * done, 2 * count, kernel.u32, tokensAt >>> 2);
      kernel.run.dynamo_sequence(tokensAt, count, hasParent, outAt);
      appendWords(into, kernel.u32, outAt >>> 2, count);
      stage.setParent(into.words[2 * into.count - 2]!, into.words[2 * into.count - 1]!);
      hasParent = 1;
      done += count;
    }
    return into;
  }

  private seedOf(lora: string, namespace: string): bigint {
    if (this.lastSeed.lora !== lora || this.lastSeed.namespace !== namespace) {
      const loraPart = lora === "" ? 0n : hashText(this.stage, lora, 0n);
      const namespacePart = namespace === "" ? 0n : hashText(this.stage, namespace, 1n);
      const seed = BigInt.asIntN(64, DYNAMO_SEED + loraPart + namespacePart);
      this.lastSeed = { lora, namespace, seed };
    }
    return this.lastSeed.seed;
  }
}

/** Makes a hasher for one block size. */
export function createDynamoHasher(options: { readonly blockSizeTokens: number }): DynamoHasher {
  return new Hasher(options.blockSizeTokens);
}

/** Local hashes in one call; `createDynamoHasher` serves many. */
export function dynamoLocalHashes(input: DynamoLocalInput & { readonly blockSizeTokens: number }): BlockKeys {
  const into = createBlockKeys(Math.floor(input.tokens.length / input.blockSizeTokens), input.blockSizeTokens);
  return new Hasher(input.blockSizeTokens).localHashes(input, into);
}

/** Sequence hashes in one call. */
export function dynamoSequenceHashes(local: BlockKeys): BlockKeys {
  return new Hasher(local.blockSizeTokens).sequenceHashes(local, createBlockKeys(local.count, local.blockSizeTokens));
}

/** One step of the chain: the sequence hash of a block from the one before it and the block's local hash. */
export function dynamoRollHash(previous: bigint, local: bigint): bigint {
  const locals = createBlockKeys(1, 1);
  const { lo, hi } = splitWords(local);
  locals.words.set([lo, hi]);
  locals.count = 1;
  const rolled = new Hasher(1).sequenceHashes(locals, createBlockKeys(1, 1), splitWords(previous));
  return joinWords(rolled.words[0]!, rolled.words[1]!);
}

/** Dynamo's 64-bit hash of a multimodal identifier: the first 16 of 64 hex digits, else XXH3-64; undefined for "". */
export function dynamoMultimodalHash(identifier: string): bigint | undefined {
  if (identifier === "") return undefined;
  if (/^[0-9a-fA-F]{64}$/.test(identifier)) return BigInt(`0x${identifier.slice(0, 16)}`);
  return hashText(new Stage({ blockSizeTokens: 1, resultBytes: 8 }), identifier, 0n);
}

/** The token id that stands for an item's placeholders: 1,000,000 plus the low 30 bits of its hash. */
export function dynamoPadValue(hash: bigint): number {
  return 1_000_000 + Number(hash & 0x3fffffffn);
}
