import { type BlockHasher, type BlockKeys, type HashInput, type KeyScope, WarmpathError } from "@warmpath/contracts";
import { appendWords } from "../block-keys";
import { copyWords } from "../copy-words";
import { PADDING, PARENT } from "../kernels/layout";
import { requireBlockSize } from "../options";
import { createKeyMaterial, type KeyMaterial } from "./key-material";

/** Names the algorithm in states that outlive a process; another number means other keys. */
export const NATIVE_ALGORITHM = "warmpath-1";

export interface NativeHasherOptions {
  /** Tokens per key. */
  readonly blockSizeTokens: number;
  /**
   * Makes collisions unpredictable to those who do not know it: two different blocks collide with probability about 2^-64,
   * whoever chose them. All processes that share an index need the same. Default: empty, the same keys everywhere, and a
   * determined sender can then construct prompts that collide.
   */
  readonly secret?: Uint8Array | string | undefined;
}

/** Tokens that are taken into the kernel's memory at a time: 64 KiB of them. */
const CHUNK_TOKENS = 16_384;
const EXTRA_BYTES = 16;
/** Roots kept; adapters come and go, so the oldest make room. */
const MAX_ROOTS = 256;

type Extras = HashInput["extras"];

const align = (address: number): number => (address + 15) & ~15;

class Hasher implements BlockHasher {
  readonly contractVersion = 1;
  readonly algorithm = NATIVE_ALGORITHM;
  private readonly size: number;
  /** Tokens of a block in memory: padded with zeros to whole groups of eight. */
  private readonly stride: number;
  private readonly chunkBlocks: number;
  private readonly keys: KeyMaterial;
  private readonly tokensAt: number;
  private readonly extrasAt: number;
  private readonly outAt: number;
  private readonly scratchAt: number;
  private readonly roots = new Map<string, { readonly lo: number; readonly hi: number }>();

  constructor({ blockSizeTokens, secret = "" }: NativeHasherOptions) {
    this.size = requireBlockSize(blockSizeTokens);
    this.stride = 8 * Math.ceil(this.size / 8);
    this.chunkBlocks = Math.max(1, Math.floor(CHUNK_TOKENS / this.stride));
    const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
    this.keys = createKeyMaterial(this.size, bytes);
    this.tokensAt = align(this.keys.freeAt);
    this.extrasAt = align(this.tokensAt + 4 * this.stride * (this.chunkBlocks + 1));
    this.outAt = align(this.extrasAt + EXTRA_BYTES * this.chunkBlocks);
    this.scratchAt = align(this.outAt + 8 * this.chunkBlocks);
    this.keys.kernel.reserve(this.scratchAt + PADDING);
    // The keys were derived by way of this memory; blocks that are no multiple of eight rely on zeros behind them.
    this.keys.kernel.u8.fill(0, this.tokensAt, this.extrasAt);
  }

  append(input: HashInput, into: BlockKeys): number {
    const { size, chunkBlocks } = this;
    const { tokens, fromToken, toToken } = input;
    if (into.blockSizeTokens !== size) throw wrongSize(into.blockSizeTokens, size);
    const count = Math.floor((Math.min(toToken, tokens.length) - fromToken) / size);
    if (count <= 0) return 0;
    const salt = into.count === 0 && input.parent === undefined ? input.scope.cacheSalt : undefined;
    for (let done = 0; done < count; ) {
      const blocks = Math.min(count - done, chunkBlocks);
      const extras = this.loadExtras(input.extras, salt, done, blocks);
      this.setParent(input, into);
      this.loadTokens(tokens, fromToken + done * size, blocks);
      const { kernel, keysAt } = this.keys;
      kernel.run.native(this.tokensAt, blocks, this.stride / 8, keysAt, extras, this.outAt);
      appendWords(into, kernel.u32, this.outAt >>> 2, blocks);
      done += blocks;
    }
    return count;
  }

  private setParent(input: HashInput, into: BlockKeys): void {
    const last = 2 * into.count - 2;
    if (into.count > 0) {
      this.putParent(into.words[last]!, into.words[last + 1]!);
    } else {
      const { lo, hi } = input.parent ?? this.root(input.scope);
      this.putParent(lo, hi);
    }
  }

  private putParent(lo: number, hi: number): void {
    const { u32 } = this.keys.kernel;
    u32[PARENT >>> 2] = lo;
    u32[(PARENT >>> 2) + 1] = hi;
  }

  private root({ model }: KeyScope): { readonly lo: number; readonly hi: number } {
    const known = this.roots.get(model);
    if (known !== undefined) return known;
    const at = this.keys.derive("root", [model], this.scratchAt) >>> 2;
    const { u32 } = this.keys.kernel;
    const root = { lo: u32[at]!, hi: u32[at + 1]! };
    if (this.roots.size >= MAX_ROOTS) this.roots.delete(this.roots.keys().next().value!);
    this.roots.set(model, root);
    return root;
  }

  private loadTokens(tokens: Uint32Array, from: number, blocks: number): void {
    const { size, stride } = this;
    const { u32 } = this.keys.kernel;
    const base = this.tokensAt >>> 2;
    if (size !== stride) {
      for (let b = 0; b < blocks; b++) {
        for (let i = 0; i < size; i++) u32[base + b * stride + i] = tokens[from + b * size + i]!;
      }
    } else if (from === 0 && tokens.length < (blocks + 1) * size) {
      // The partial last block comes along: the region has room for it, and no view is needed.
      u32.set(tokens, base);
    } else {
      copyWords(tokens, from, blocks * size, u32, base);
    }
  }

  /** Puts what the extras add to each block's sums in place; returns where, or 0 where no block has any. */
  private loadExtras(extras: Extras, salt: string | undefined, from: number, blocks: number): number {
    const saltHere = from === 0 && salt ? salt : undefined;
    if (extras === undefined && saltHere === undefined) return 0;
    const { u8 } = this.keys.kernel;
    u8.fill(0, this.extrasAt, this.extrasAt + EXTRA_BYTES * blocks);
    let found = 0;
    for (let i = 0; i < blocks; i++) {
      const own = extras?.[from + i];
      const strings = i === 0 && saltHere !== undefined ? [...(own ?? []), saltHere] : own;
      if (strings === undefined || strings.length === 0) continue;
      this.putExtra(strings, this.extrasAt + EXTRA_BYTES * i);
      found = this.extrasAt;
    }
    return found;
  }

  private putExtra(strings: readonly string[], at: number): void {
    const derived = this.keys.derive("extras", strings, this.scratchAt);
    this.keys.kernel.u8.copyWithin(at, derived, derived + EXTRA_BYTES);
  }
}

function wrongSize(actual: number, expected: number): WarmpathError {
  return new WarmpathError("internal_error", `keys of ${actual} tokens given to a hasher of ${expected}`);
}

/**
 * The hasher of Warmpath's own 64-bit keys.
 *
 * Block i has two sums of products of keyed tokens (NH of UMAC, RFC 4418, twice with independent keys), a and b, to which
 * 128 bits of SHA-256 over the block's extras are added. The key is P(P(parent ^ (a + c0)) ^ (b + c1)), P a bijection with full
 * avalanche; the parent of the first block is derived from the model's name. So equal blocks never join different parents,
 * and with an unknown secret any two blocks of equal parents collide with probability about 2^-64.
 */
export function createNativeHasher(options: NativeHasherOptions): BlockHasher {
  return new Hasher(options);
}
