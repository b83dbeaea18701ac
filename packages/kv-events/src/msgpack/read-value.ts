import { TOO_DEEP } from "./failure";
import type { MsgpackReader } from "./reader";

/** Containers within containers that are read; what lies deeper is not an engine's. */
const MAX_DEPTH = 16;

/**
 * One value of any kind: integers that a number holds exactly as numbers, others as bigint; binary as a copy; maps as
 * `Map`; extension values as undefined.
 */
export function readValue(reader: MsgpackReader, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw TOO_DEEP;
  const type = reader.peek();
  if (type < 0x80 || type >= 0xe0 || (type >= 0xcc && type <= 0xd3)) return readExactInteger(reader);
  if (type === 0xca || type === 0xcb) return reader.readNumber();
  if (reader.isArray()) return readArray(reader, depth);
  if (reader.isMap()) return readMap(reader, depth);
  if (reader.isBinary()) return reader.readBinary().slice();
  if (type < 0xc0 || (type >= 0xd9 && type <= 0xdb)) return reader.readText();
  reader.skip();
  return type === 0xc0 ? null : type === 0xc2 ? false : type === 0xc3 ? true : undefined;
}

function readExactInteger(reader: MsgpackReader): number | bigint {
  const start = reader.at;
  const value = reader.readInteger();
  if (Number.isSafeInteger(value)) return value;
  const words = new Uint32Array(2);
  reader.at = start;
  reader.readInteger64(words, 0);
  const unsigned = (BigInt(words[1]!) << 32n) | BigInt(words[0]!);
  return value < 0 ? BigInt.asIntN(64, unsigned) : unsigned;
}

function readArray(reader: MsgpackReader, depth: number): unknown[] {
  const values: unknown[] = [];
  for (let left = reader.readArrayLength(); left > 0; left--) values.push(readValue(reader, depth + 1));
  return values;
}

function readMap(reader: MsgpackReader, depth: number): Map<unknown, unknown> {
  const values = new Map<unknown, unknown>();
  for (let left = reader.readMapLength(); left > 0; left--) {
    const key = readValue(reader, depth + 1);
    values.set(key, readValue(reader, depth + 1));
  }
  return values;
}
