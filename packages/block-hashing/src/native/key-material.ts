import { ByteWriter } from "../byte-writer";
import { createKernel, type Kernel } from "../kernels/kernel";
import { HEAP, PADDING, SLOT } from "../kernels/layout";

/** Named in every derivation, so that keys of another version never meet. */
const DOMAIN = "warmpath native block key 1";

const DIGEST_BYTES = 32;

/** A kernel that holds the keys of one native hasher, and where in its memory they are. */
export interface KeyMaterial {
  readonly kernel: Kernel;
  /** Keys of the two sums, 64 bytes for each group of eight tokens. */
  readonly keysAt: number;
  /** First byte that is free. */
  readonly freeAt: number;
  /**
   * SHA-256 of the master key, a purpose and strings with their lengths. Returns the address of its 32 bytes, valid until the
   * next call; the memory from `scratch` on is overwritten.
   */
  derive(purpose: string, strings: readonly string[], scratch: number): number;
}

const groupsOf = (blockSizeTokens: number): number => Math.ceil(blockSizeTokens / 8);
const DERIVED_AT = SLOT + 32;

/** SHA-256 of `message` by way of free memory, written to `out`. */
function sha256(kernel: Kernel, message: ByteWriter, free: number, out: number): void {
  kernel.reserve(free + message.length + PADDING);
  kernel.u8.set(message.view(), free);
  kernel.run.sha256(free, message.length, out);
}

/**
 * Expands `secret` by SHA-256 in counter mode: block 0 gives the two constants of the chain, block 1 the master key, the
 * others the keys of the sums.
 */
export function createKeyMaterial(blockSizeTokens: number, secret: Uint8Array): KeyMaterial {
  const kernel = createKernel();
  const keysAt = HEAP;
  const blocks = groupsOf(blockSizeTokens) * 2;
  const freeAt = keysAt + blocks * DIGEST_BYTES;
  const message = new ByteWriter();
  const expand = (counter: number, out: number): void => {
    message.length = 0;
    message.text(DOMAIN);
    message.little(blockSizeTokens, 4);
    message.little(counter, 4);
    message.raw(secret);
    sha256(kernel, message, freeAt, out);
  };
  for (let i = 0; i < blocks; i++) expand(i + 2, keysAt + i * DIGEST_BYTES);
  expand(1, DERIVED_AT);
  const master = kernel.u8.slice(DERIVED_AT, DERIVED_AT + DIGEST_BYTES);
  // The constants stay at SLOT: 16 of the 32 bytes are used.
  expand(0, SLOT);
  const strings = new ByteWriter();
  return {
    kernel,
    keysAt,
    freeAt,
    derive(purpose, parts, scratch) {
      writeParts(strings, master, purpose, parts);
      sha256(kernel, strings, scratch, DERIVED_AT);
      return DERIVED_AT;
    },
  };
}

function writeParts(into: ByteWriter, master: Uint8Array, purpose: string, parts: readonly string[]): void {
  into.length = 0;
  into.raw(master);
  into.text(purpose);
  into.little(parts.length, 4);
  for (const part of parts) {
    const lengthAt = into.length;
    into.little(0, 4);
    const length = into.text(part);
    for (let i = 0; i < 4; i++) into.bytes[lengthAt + i] = (length >>> (8 * i)) & 0xff;
  }
}
