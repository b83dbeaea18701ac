/** Sequence frame of the message that ends a replay: -1, or 2^64 - 1. */
export const END_OF_REPLAY: Readonly<Uint8Array> = new Uint8Array(8).fill(0xff);

const TWO_32 = 0x1_0000_0000;

/** 8 bytes, big-endian. */
export function encodeSequence(sequence: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(sequence / TWO_32));
  view.setUint32(4, sequence >>> 0);
  return bytes;
}

/** The number in the first 8 bytes of a sequence frame; undefined where it is shorter or beyond 2^53. */
export function decodeSequence(frame: Uint8Array): number | undefined {
  if (frame.length < 8) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, 8);
  const sequence = view.getUint32(0) * TWO_32 + view.getUint32(4);
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}
