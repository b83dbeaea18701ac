import type { BlocksStored, KvEvent, RawExtraKeys } from "@warmpath/contracts";
import { MISSING_FIELD, TOO_DEEP, TRAILING_BYTES, UNKNOWN_TAG, WRONG_TYPE } from "../msgpack/failure";
import { KnownTexts } from "../msgpack/known-texts";
import { MsgpackReader } from "../msgpack/reader";
import { EventFields, fieldNames, REMOVED_FIELDS, readField } from "./event-fields";

/** Binary values inside binary values that are followed. */
const MAX_NESTING = 4;

const STORED = 0;
const REMOVED = 1;
const CLEARED = 2;
const tags = new KnownTexts(["BlockStored", "BlockRemoved", "AllBlocksCleared"]);

/** One event: array, map, or either of them packed once more into a binary value. Throws a `DecodeFailure`. */
export function readEvent(reader: MsgpackReader, nesting = 0): KvEvent {
  if (reader.isArray()) return readArrayEvent(reader);
  if (reader.isMap()) return readMapEvent(reader);
  if (!reader.isBinary()) throw WRONG_TYPE;
  if (nesting === MAX_NESTING) throw TOO_DEEP;
  const inner = new MsgpackReader(reader.readBinary());
  const event = readEvent(inner, nesting + 1);
  if (inner.at !== inner.end) throw TRAILING_BYTES;
  return event;
}

function readArrayEvent(reader: MsgpackReader): KvEvent {
  const length = reader.readArrayLength();
  if (length === 0) throw MISSING_FIELD;
  const tag = reader.readKnownText(tags);
  const fields = new EventFields();
  if (tag === STORED) {
    if (length < 5) throw MISSING_FIELD;
    for (let i = 1; i < length; i++) readField(reader, i, fields);
  } else {
    for (let i = 1; i < length; i++) readField(reader, tag === REMOVED ? (REMOVED_FIELDS[i] ?? -1) : -1, fields);
  }
  return finish(tag, fields);
}

function readMapEvent(reader: MsgpackReader): KvEvent {
  const start = reader.at;
  const tag = findTag(reader);
  if (tag < 0) throw UNKNOWN_TAG;
  reader.at = start;
  const fields = new EventFields();
  for (let left = reader.readMapLength(); left > 0; left--) {
    const field = reader.readKnownText(fieldNames);
    readField(reader, tag === CLEARED ? -1 : field, fields);
  }
  return finish(tag, fields);
}

/** The tag may stand anywhere in a map, and says which of the other fields matter. */
function findTag(reader: MsgpackReader): number {
  for (let left = reader.readMapLength(); left > 0; left--) {
    if (reader.readKnownText(fieldNames) === 0) return reader.readKnownText(tags);
    reader.skip();
  }
  throw MISSING_FIELD;
}

function finish(tag: number, fields: EventFields): KvEvent {
  if (tag === CLEARED) return { kind: "cleared" };
  if (tag < 0) throw UNKNOWN_TAG;
  if (fields.blockHashes === undefined) throw MISSING_FIELD;
  if (tag === STORED) return finishStored(fields, fields.blockHashes);
  const { blockHashes, medium, groupIndex } = fields;
  return { kind: "removed", blockHashes, medium, groupIndex };
}

function finishStored(fields: EventFields, blockHashes: Uint32Array): BlocksStored {
  if (fields.blockSizeTokens === 0 && fields.tokenIds.length > 0) throw MISSING_FIELD;
  return {
    kind: "stored",
    blockHashes,
    parentHash: fields.parentHash,
    tokenIds: fields.tokenIds,
    blockSizeTokens: fields.blockSizeTokens,
    loraId: fields.loraId,
    loraName: fields.loraName,
    medium: fields.medium,
    extraKeys: fields.cacheSalt === undefined ? fields.extraKeys : saltedKeys(fields, blockHashes.length / 2),
    groupIndex: fields.groupIndex,
    specKind: fields.specKind,
    slidingWindow: fields.slidingWindow,
    locality: fields.locality,
  };
}

/** A salt as vLLM publishes it: in a prompt's first block only, because the later hashes descend from that one. */
function saltedKeys(fields: EventFields, blocks: number): RawExtraKeys[] | undefined {
  const { cacheSalt, parentHash, extraKeys } = fields;
  if (extraKeys !== undefined || parentHash !== undefined || blocks === 0) return extraKeys;
  const keys: RawExtraKeys[] = new Array<RawExtraKeys>(blocks).fill(null);
  keys[0] = [cacheSalt];
  return keys;
}
