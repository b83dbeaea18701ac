// Reads a workload of the index bench (format KVIXBIN1) into typed arrays.
import { fstatSync, openSync, readSync } from "node:fs";

const PIECE = 1 << 28;

/** Operation codes. */
export const LOOKUP = 1;
export const STORE = 2;
export const REMOVE = 3;
export const CLEAR = 4;
export const MARK = 5;

function readWhole(path) {
  const file = openSync(path, "r");
  const { size } = fstatSync(file);
  const buffer = new ArrayBuffer(size);
  for (let at = 0; at < size; ) {
    const piece = Math.min(PIECE, size - at);
    at += readSync(file, new Uint8Array(buffer, at, piece), 0, piece, at);
  }
  return buffer;
}

/** The sections of a workload; `seq` has the chain hashes as two 32-bit words each, low word first. */
export function readWorkload(path) {
  const buffer = readWhole(path);
  if (Buffer.from(buffer, 0, 8).toString() !== "KVIXBIN1") throw new Error(`${path} is not a workload`);
  const head = new BigUint64Array(buffer, 0, 8);
  const [operations, references, blocks] = [Number(head[2]), Number(head[3]), Number(head[4])];
  let at = 64;
  const section = (Type, length, words = 1) => {
    const view = new Type(buffer, at, length * words);
    at += Math.ceil(view.byteLength / 8) * 8;
    return view;
  };
  return {
    workers: Number(head[1] >> 32n),
    pairs: Number(head[6]),
    operations,
    code: section(Uint8Array, operations),
    worker: section(Uint32Array, operations),
    count: section(Uint32Array, operations),
    parent: section(Uint32Array, operations),
    refs: section(Uint32Array, references),
    local: section(Uint32Array, blocks, 2),
    seq: section(Uint32Array, blocks, 2),
  };
}
