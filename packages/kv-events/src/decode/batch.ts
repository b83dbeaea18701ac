import { type KvEvent, type KvEventBatch, WarmpathError } from "@warmpath/contracts";
import {
  DecodeFailure,
  type DecodeReason,
  MISSING_FIELD,
  TOO_DEEP,
  TRAILING_BYTES,
  WRONG_TYPE,
} from "../msgpack/failure";
import { KnownTexts } from "../msgpack/known-texts";
import { MsgpackReader } from "../msgpack/reader";
import { readEvent } from "./event";

const MAX_NESTING = 4;
const DEFAULT_MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

/** vLLM's names, and those that a Go or Python encoder of the same structure would write. */
const BATCH_NAMES = ["ts", "events", "data_parallel_rank", "TS", "Events", "DataParallelRank"];
const batchNames = new KnownTexts(BATCH_NAMES);
const BATCH_FIELDS = 3;

export interface DecodeOptions {
  /** Longest payload that is looked at, in bytes; default 32 MiB. */
  readonly maxPayloadBytes?: number | undefined;
  /** Told about every event that is left out: why, and its place in the batch. */
  readonly onMalformed?: ((reason: DecodeReason, index: number) => void) | undefined;
}

/** A batch while it is read. */
interface BatchDraft {
  timestampSeconds: number;
  events: KvEvent[] | undefined;
  dataParallelRank: number | undefined;
  malformedEvents: number;
}

/**
 * Decodes the msgpack payload of one message. Batch and events may be arrays or maps, shorter or longer than known,
 * or packed into binary values; an event that cannot be decoded is left out and counted.
 * Throws `malformed_event` when the payload is not msgpack or not a batch. The result shares no memory with the payload.
 */
export function decodeKvEventBatch(payload: Uint8Array, options: DecodeOptions = {}): KvEventBatch {
  if (payload.length > (options.maxPayloadBytes ?? DEFAULT_MAX_PAYLOAD_BYTES)) {
    throw new WarmpathError("malformed_event", `An event batch of ${payload.length} bytes is longer than the limit.`);
  }
  try {
    return readBatch(new MsgpackReader(payload), options);
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    throw new WarmpathError("malformed_event", `The payload is not an event batch: ${error.reason}.`, { cause: error });
  }
}

function readBatch(reader: MsgpackReader, options: DecodeOptions): KvEventBatch {
  const draft: BatchDraft = {
    timestampSeconds: 0,
    events: undefined,
    dataParallelRank: undefined,
    malformedEvents: 0,
  };
  if (reader.isMap()) readMapBatch(reader, draft, options);
  else readArrayBatch(reader, draft, options);
  if (reader.at !== reader.end) throw TRAILING_BYTES;
  const { timestampSeconds, events, dataParallelRank, malformedEvents } = draft;
  if (events === undefined) throw MISSING_FIELD;
  return { timestampSeconds, events, dataParallelRank, malformedEvents };
}

function readArrayBatch(reader: MsgpackReader, draft: BatchDraft, options: DecodeOptions): void {
  const length = reader.readArrayLength();
  for (let i = 0; i < length; i++) readBatchField(reader, i, draft, options);
}

function readMapBatch(reader: MsgpackReader, draft: BatchDraft, options: DecodeOptions): void {
  for (let left = reader.readMapLength(); left > 0; left--) {
    const field = reader.readKnownText(batchNames);
    readBatchField(reader, field < 0 ? field : field % BATCH_FIELDS, draft, options);
  }
}

function readBatchField(reader: MsgpackReader, field: number, draft: BatchDraft, options: DecodeOptions): void {
  if (field === 0) draft.timestampSeconds = reader.readNil() ? 0 : reader.readNumber();
  else if (field === 1) draft.events = readEvents(reader, draft, options, 0);
  else if (field === 2) draft.dataParallelRank = readRank(reader);
  else reader.skip();
}

/** A rank that is no small number says nothing about the events: it is left out. */
function readRank(reader: MsgpackReader): number | undefined {
  const start = reader.at;
  try {
    return reader.readNil() ? undefined : reader.readCount();
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    reader.at = start;
    reader.skip();
    return undefined;
  }
}

function readEvents(reader: MsgpackReader, draft: BatchDraft, options: DecodeOptions, nesting: number): KvEvent[] {
  if (reader.readNil()) return [];
  if (reader.isBinary()) {
    if (nesting === MAX_NESTING) throw TOO_DEEP;
    const inner = new MsgpackReader(reader.readBinary());
    const events = readEvents(inner, draft, options, nesting + 1);
    if (inner.at !== inner.end) throw TRAILING_BYTES;
    return events;
  }
  if (!reader.isArray()) throw WRONG_TYPE;
  const length = reader.readArrayLength();
  const events: KvEvent[] = [];
  for (let i = 0; i < length; i++) {
    const start = reader.at;
    try {
      events.push(readEvent(reader));
    } catch (error) {
      if (!(error instanceof DecodeFailure)) throw error;
      // The bad event ends where its msgpack value ends; if that cannot be found, the payload is not msgpack.
      reader.at = start;
      reader.skip();
      draft.malformedEvents++;
      options.onMalformed?.(error.reason, i);
    }
  }
  return events;
}
