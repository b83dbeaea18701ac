import { WarmpathError } from "@warmpath/contracts";
import type { MsgpackWriter } from "../msgpack/writer";

/** Writes what `readValue` reads: null, booleans, numbers, bigints, texts, bytes, arrays and maps. */
export function writeValue(writer: MsgpackWriter, value: unknown): void {
  if (value === null || value === undefined) writer.nil();
  else if (typeof value === "string") writer.text(value);
  else if (typeof value === "boolean") writer.boolean(value);
  else if (typeof value === "bigint") writer.bigint(value);
  else if (typeof value === "number") writeNumber(writer, value);
  else if (value instanceof Uint8Array) writer.binary(value);
  else if (Array.isArray(value)) writeArray(writer, value);
  else if (value instanceof Map) writeMap(writer, value);
  else throw new WarmpathError("invalid_configuration", "An extra key is of a kind that msgpack has no form for.");
}

function writeNumber(writer: MsgpackWriter, value: number): void {
  if (Number.isSafeInteger(value)) writer.integer(value);
  else writer.float(value);
}

function writeArray(writer: MsgpackWriter, values: readonly unknown[]): void {
  writer.array(values.length);
  for (const value of values) writeValue(writer, value);
}

function writeMap(writer: MsgpackWriter, values: ReadonlyMap<unknown, unknown>): void {
  writer.map(values.size);
  for (const [key, value] of values) {
    writeValue(writer, key);
    writeValue(writer, value);
  }
}
