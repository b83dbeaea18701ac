import { hashOfDigest } from "../decode/hashes";
import type { MsgpackWriter } from "../msgpack/writer";
import type { EngineBlocksRemoved, EngineBlocksStored } from "./engine-batch";

type HashForm = "int" | "bytes";

/** Writes an event's block hashes as an array. */
export function writeHashes(
  writer: MsgpackWriter,
  event: EngineBlocksStored | EngineBlocksRemoved,
  form: HashForm,
): void {
  if (event.blockDigests !== undefined) {
    writer.array(event.blockDigests.length);
    for (const digest of event.blockDigests) writeDigest(writer, digest, form);
    return;
  }
  const words = event.blockHashes ?? new Uint32Array(0);
  writer.array(words.length >>> 1);
  for (let i = 0; i + 1 < words.length; i += 2) writeWords(writer, words[i]!, words[i + 1]!, form);
}

/** Writes the hash of the block before an event's first, or nil. */
export function writeParent(writer: MsgpackWriter, event: EngineBlocksStored, form: HashForm): void {
  if (event.parentDigest !== undefined) writeDigest(writer, event.parentDigest, form);
  else if (event.parentHash !== undefined) writeWords(writer, event.parentHash.lo, event.parentHash.hi, form);
  else writer.nil();
}

function writeDigest(writer: MsgpackWriter, digest: Uint8Array, form: HashForm): void {
  if (form === "bytes") {
    writer.binary(digest);
    return;
  }
  const words = new Uint32Array(2);
  hashOfDigest(digest, 0, digest.length, words, 0);
  writer.uint64(words[0]!, words[1]!);
}

function writeWords(writer: MsgpackWriter, lo: number, hi: number, form: HashForm): void {
  if (form === "int") {
    writer.uint64(lo, hi);
    return;
  }
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, hi);
  view.setUint32(4, lo);
  writer.binary(bytes);
}
