import type { EngineHashes, RawExtraKeys } from "@warmpath/contracts";
import { WRONG_TYPE } from "../msgpack/failure";
import { KnownTexts } from "../msgpack/known-texts";
import { readValue } from "../msgpack/read-value";
import type { MsgpackReader } from "../msgpack/reader";
import { readHashes, readOptionalHash } from "./hashes";

const NO_TOKENS = new Uint32Array(0);

/** Names of an event's fields in vLLM's order: the index is the position in the array form of a store event. */
export const FIELD_NAMES = [
  "type",
  "block_hashes",
  "parent_block_hash",
  "token_ids",
  "block_size",
  "lora_id",
  "medium",
  "lora_name",
  "extra_keys",
  "group_idx",
  "kv_cache_spec_kind",
  "kv_cache_spec_sliding_window",
  "locality",
] as const;

/** Finds a field's position by its name. */
export const fieldNames = new KnownTexts(FIELD_NAMES);

/** Positions in the array form of a removal: its fields as they are numbered in a store event. */
export const REMOVED_FIELDS: readonly number[] = [0, 1, 6, 9, 12];

/** An event's fields as far as they were read. */
export class EventFields {
  blockHashes: EngineHashes | undefined = undefined;
  parentHash: { lo: number; hi: number } | undefined = undefined;
  tokenIds: Uint32Array = NO_TOKENS;
  blockSizeTokens = 0;
  loraId: number | undefined = undefined;
  medium: string | undefined = undefined;
  loraName: string | undefined = undefined;
  extraKeys: RawExtraKeys[] | undefined = undefined;
  groupIndex: number | undefined = undefined;
  specKind: string | undefined = undefined;
  slidingWindow: number | undefined = undefined;
  locality: string | undefined = undefined;
  /** SGLang's salt; it comes beside the fields, not among the extra keys. */
  cacheSalt: string | undefined = undefined;
}

/** Reads the value of field `index` of `FIELD_NAMES` into `fields`; passes over those it does not know. */
export function readField(reader: MsgpackReader, index: number, fields: EventFields): void {
  switch (index) {
    case 1:
      fields.blockHashes = readHashes(reader);
      return;
    case 2:
      fields.parentHash = readOptionalHash(reader);
      return;
    case 3:
      fields.tokenIds = reader.readNil() ? NO_TOKENS : reader.readUint32Array();
      return;
    case 4:
      fields.blockSizeTokens = readOptionalCount(reader) ?? 0;
      return;
    case 5:
      fields.loraId = reader.readNil() ? undefined : reader.readInteger();
      return;
    case 6:
      fields.medium = readOptionalText(reader);
      return;
    case 7:
      if (reader.isMap()) fields.cacheSalt = readSalt(reader);
      else fields.loraName = readOptionalText(reader);
      return;
    case 8:
      fields.extraKeys = readExtraKeys(reader);
      return;
    case 9:
      fields.groupIndex = readOptionalCount(reader);
      return;
    case 10:
      fields.specKind = readOptionalText(reader);
      return;
    case 11:
      fields.slidingWindow = readOptionalCount(reader);
      return;
    case 12:
      fields.locality = readOptionalText(reader);
      return;
    default:
      reader.skip();
  }
}

function readOptionalText(reader: MsgpackReader): string | undefined {
  return reader.readNil() ? undefined : reader.readText();
}

function readOptionalCount(reader: MsgpackReader): number | undefined {
  return reader.readNil() ? undefined : reader.readCount();
}

function readExtraKeys(reader: MsgpackReader): RawExtraKeys[] | undefined {
  if (reader.readNil()) return undefined;
  const entries: RawExtraKeys[] = [];
  for (let left = reader.readArrayLength(); left > 0; left--) entries.push(readExtraKeysEntry(reader));
  return entries;
}

function readExtraKeysEntry(reader: MsgpackReader): RawExtraKeys {
  if (reader.readNil()) return null;
  const entry = readValue(reader);
  if (!Array.isArray(entry)) throw WRONG_TYPE;
  return entry;
}

/** SGLang's metadata, where vLLM has the adapter's name: `{cache_salt, session_id}`. */
function readSalt(reader: MsgpackReader): string | undefined {
  const metadata = readValue(reader);
  const salt = metadata instanceof Map ? metadata.get("cache_salt") : undefined;
  return typeof salt === "string" && salt !== "" ? salt : undefined;
}
