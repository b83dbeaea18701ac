import type { EngineHashes } from "@warmpath/contracts";
import { BAD_HASH } from "../msgpack/failure";
import type { MsgpackReader } from "../msgpack/reader";

/** An array of block hashes: integers of any width and sign, or digests. */
export function readHashes(reader: MsgpackReader): EngineHashes {
  const length = reader.readArrayLength();
  const words = new Uint32Array(2 * length);
  for (let i = 0; i < length; i++) readHashInto(reader, words, 2 * i);
  return words;
}

/** One block hash, or undefined where the engine says nil. */
export function readOptionalHash(reader: MsgpackReader): { lo: number; hi: number } | undefined {
  if (reader.readNil()) return undefined;
  const { words } = reader;
  readHashInto(reader, words, 0);
  return { lo: words[0]!, hi: words[1]! };
}

function readHashInto(reader: MsgpackReader, words: Uint32Array, index: number): void {
  if (!reader.isBinary()) {
    reader.readInteger64(words, index);
    return;
  }
  const length = reader.readBytesLength(false);
  if (length === 0) throw BAD_HASH;
  const start = reader.at;
  reader.at += length;
  hashOfDigest(reader.bytes, start, reader.at, words, index);
}

/**
 * The 64-bit form of the digest in `bytes[start, end)`: its last 8 bytes, big-endian; shorter ones are padded with
 * zeros on the left. The low word goes to `words[index]`, the high word after it.
 */
export function hashOfDigest(bytes: Uint8Array, start: number, end: number, words: Uint32Array, index: number): void {
  words[index] = wordBefore(bytes, start, end);
  words[index + 1] = wordBefore(bytes, start, end - 4);
}

/** The big-endian word whose last byte stands before `end`; bytes before `start` count as zeros. */
function wordBefore(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = Math.max(start, end - 4); at < end; at++) word = (word << 8) | bytes[at]!;
  return word;
}
