import type { RawExtraKeys } from "@warmpath/contracts";
import { FIELD_NAMES } from "../decode/event-fields";
import { MsgpackWriter } from "../msgpack/writer";
import type { EngineBatch, EngineBlocksRemoved, EngineBlocksStored, EngineEvent } from "./engine-batch";
import { writeHashes, writeParent } from "./write-hashes";
import { writeValue } from "./write-value";

export interface EncodeOptions {
  /** `map` as vLLM 0.24 and later, `array` as those before. */
  readonly form: "array" | "map";
  /** `int`: 64-bit integers; `bytes`: digests, or 8 bytes where only words are given. */
  readonly hashes: "int" | "bytes";
}

/** A field to write: its position in `FIELD_NAMES`, whether it holds its default, and how to write it. */
interface FieldWriter<E> {
  readonly field: number;
  /** True where a default value stands for an absent field. */
  readonly isDefault: (event: E) => boolean;
  readonly write: (writer: MsgpackWriter, event: E, options: EncodeOptions) => void;
}

const STORED_FIELDS: readonly FieldWriter<EngineBlocksStored>[] = [
  required(1, (writer, event, options) => writeHashes(writer, event, options.hashes)),
  required(2, (writer, event, options) => writeParent(writer, event, options.hashes)),
  required(3, (writer, event) => writer.uint32Array(event.tokenIds)),
  required(4, (writer, event) => writer.integer(event.blockSizeTokens)),
  required(5, (writer, event) => writeInteger(writer, event.loraId)),
  required(6, (writer, event) => writeText(writer, event.medium)),
  required(7, (writer, event) => writeText(writer, event.loraName)),
  optional(8, "extraKeys", writeExtraKeys),
  optional(9, "groupIndex", writeInteger),
  optional(10, "specKind", writeText),
  optional(11, "slidingWindow", writeInteger),
  optional(12, "locality", writeText),
];

const REMOVED_FIELDS: readonly FieldWriter<EngineBlocksRemoved>[] = [
  required(1, (writer, event, options) => writeHashes(writer, event, options.hashes)),
  required(6, (writer, event) => writeText(writer, event.medium)),
  optional(9, "groupIndex", writeInteger),
  optional(12, "locality", writeText),
];

/** Encodes a batch into the bytes that vLLM publishes for it: an outer array, events as maps or arrays, defaults left out. */
export function encodeKvEventBatch(batch: EngineBatch, options: EncodeOptions): Uint8Array {
  const writer = new MsgpackWriter();
  writer.array(batch.dataParallelRank === undefined ? 2 : 3);
  writer.float(batch.timestampSeconds);
  writer.array(batch.events.length);
  for (const event of batch.events) writeEvent(writer, event, options);
  if (batch.dataParallelRank !== undefined) writer.integer(batch.dataParallelRank);
  return writer.finish();
}

function writeEvent(writer: MsgpackWriter, event: EngineEvent, options: EncodeOptions): void {
  if (event.kind === "stored") writeFields(writer, "BlockStored", event, STORED_FIELDS, options);
  else if (event.kind === "removed") writeFields(writer, "BlockRemoved", event, REMOVED_FIELDS, options);
  else writeFields(writer, "AllBlocksCleared", event, [], options);
}

function writeFields<E>(
  writer: MsgpackWriter,
  tag: string,
  event: E,
  fields: readonly FieldWriter<E>[],
  options: EncodeOptions,
): void {
  if (options.form === "array") {
    // An array keeps the defaults between two fields; only those at its end are cut.
    const last = fields.findLastIndex((field) => !field.isDefault(event));
    writer.array(last + 2);
    writer.text(tag);
    for (let i = 0; i <= last; i++) fields[i]!.write(writer, event, options);
    return;
  }
  let present = 1;
  for (const field of fields) if (!field.isDefault(event)) present++;
  writer.map(present);
  writer.text("type");
  writer.text(tag);
  for (const field of fields) {
    if (field.isDefault(event)) continue;
    writer.text(FIELD_NAMES[field.field]!);
    field.write(writer, event, options);
  }
}

function required<E>(field: number, write: FieldWriter<E>["write"]): FieldWriter<E> {
  return { field, isDefault: () => false, write };
}

function optional<K extends string, V, E extends { readonly [P in K]?: V | undefined }>(
  field: number,
  key: K,
  write: (writer: MsgpackWriter, value: V | undefined) => void,
): FieldWriter<E> {
  return {
    field,
    isDefault: (event) => event[key] === undefined,
    write: (writer, event) => write(writer, event[key]),
  };
}

function writeText(writer: MsgpackWriter, value: string | undefined): void {
  if (value === undefined) writer.nil();
  else writer.text(value);
}

function writeInteger(writer: MsgpackWriter, value: number | undefined): void {
  if (value === undefined) writer.nil();
  else writer.integer(value);
}

function writeExtraKeys(writer: MsgpackWriter, keys: readonly RawExtraKeys[] | undefined): void {
  writeValue(writer, keys ?? null);
}
