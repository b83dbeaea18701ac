import { ByteWriter } from "../byte-writer";
import { copyWords } from "../copy-words";
import { type Kernel, sharedKernel } from "./kernel";
import { HEAP, PADDING, PARENT } from "./layout";

/** Tokens that are taken into the kernel's memory at a time. */
const CHUNK_TOKENS = 8192;
/** Longest head and tail around tokens and extras of an encoded block: parent of up to 255 bytes, heads, frame. */
const BLOCK_OVERHEAD = 320;
/** Longest encoding of a token. */
const TOKEN_BYTES = 7;

const align = (address: number): number => (address + 15) & ~15;

export interface StageOptions {
  /** Tokens from one block to the next. */
  readonly blockSizeTokens: number;
  /** Bytes of one block's result. */
  readonly resultBytes: number;
  /** Tokens behind its end that a block's hash takes in; default 0. */
  readonly lookaheadTokens?: number;
}

/** How one hasher uses the shared kernel's memory during a call: tokens in, extras in, results out, room to encode a block. */
export class Stage {
  readonly kernel: Kernel = sharedKernel();
  /** Blocks that one run of a kernel function can take. */
  readonly chunkBlocks: number;
  readonly tokensAt: number;
  readonly outAt: number;
  /** Where a block may be encoded; moves with the extras before it. */
  scratchAt: number;
  private readonly tableAt: number;
  private readonly extrasAt: number;
  private readonly blockBytes: number;
  private readonly writer = new ByteWriter();
  private readonly entries: number[] = [];

  constructor({ blockSizeTokens, resultBytes, lookaheadTokens = 0 }: StageOptions) {
    this.chunkBlocks = Math.max(1, Math.floor(CHUNK_TOKENS / blockSizeTokens));
    this.blockBytes = TOKEN_BYTES * (blockSizeTokens + lookaheadTokens) + BLOCK_OVERHEAD;
    this.tokensAt = align(HEAP);
    this.outAt = align(this.tokensAt + 4 * (this.chunkBlocks * blockSizeTokens + lookaheadTokens) + PADDING);
    this.tableAt = align(this.outAt + this.chunkBlocks * resultBytes + PADDING);
    this.extrasAt = align(this.tableAt + 8 * this.chunkBlocks);
    this.scratchAt = this.extrasAt;
    this.kernel.reserve(this.scratchAt + this.blockBytes + PADDING);
  }

  /** Takes `tokens[from, from + count)` in. */
  loadTokens(tokens: Uint32Array, from: number, count: number): void {
    copyWords(tokens, from, count, this.kernel.u32, this.tokensAt >>> 2);
  }

  /** Takes a 64-bit parent in. */
  setParent(lo: number, hi: number): void {
    this.kernel.u32[PARENT >>> 2] = lo;
    this.kernel.u32[(PARENT >>> 2) + 1] = hi;
  }

  /**
   * Encodes the extras of `count` blocks and returns the address of their table, or 0 where none has any. An entry that is
   * the same object as the one before it is encoded once.
   */
  loadExtras<T extends object>(
    extras: readonly (T | null | undefined)[] | undefined,
    from: number,
    count: number,
    encode: (value: T, into: ByteWriter) => void,
  ): number {
    if (extras === undefined) return this.placeScratch(0, 0);
    const { writer, entries } = this;
    writer.length = 0;
    let last: T | undefined;
    let [offset, longest] = [0, 0];
    for (let i = 0; i < count; i++) {
      const value = extras[from + i] ?? undefined;
      if (value !== undefined && value !== last) {
        offset = writer.length;
        encode(value, writer);
        longest = Math.max(longest, writer.length - offset);
        last = value;
      }
      entries[2 * i] = this.extrasAt + offset;
      // Encoders append, so the newest entry ends where the writer stands.
      entries[2 * i + 1] = value === undefined ? 0 : writer.length - offset;
    }
    this.placeScratch(writer.length, longest);
    this.kernel.u8.set(writer.view(), this.extrasAt);
    for (let i = 0; i < 2 * count; i++) this.kernel.u32[(this.tableAt >>> 2) + i] = entries[i]!;
    return longest === 0 ? 0 : this.tableAt;
  }

  private placeScratch(extrasBytes: number, longest: number): 0 {
    this.scratchAt = align(this.extrasAt + extrasBytes + 8);
    this.kernel.reserve(this.scratchAt + this.blockBytes + longest + PADDING);
    return 0;
  }

  /** Puts a message where scratch room is and returns its address; free room of `PADDING` bytes follows it. */
  loadMessage(message: Uint8Array): number {
    this.kernel.reserve(this.extrasAt + message.length + PADDING);
    this.kernel.u8.set(message, this.extrasAt);
    return this.extrasAt;
  }
}
