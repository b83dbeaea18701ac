import { WarmpathError } from "@warmpath/contracts";
import type { AnswerResult } from "./answer-state";
import { EventAnswerReader } from "./event-answer";
import { JsonAnswerReader } from "./json-answer";

/** Watches the bytes of one answer go by. Chunks are not kept, except the unfinished end of one and a JSON answer's. */
export interface AnswerReader {
  /** The next bytes of the body, without a content encoding. They must not be changed afterwards. Never throws. */
  push(chunk: Uint8Array): void;
  /** The body is over, whole or cut. Never throws. */
  end(): AnswerResult;
  /** What is known by now; the same object all along. Its usage is parsed when it is read. */
  readonly result: AnswerResult;
}

export interface AnswerReaderOptions {
  /** True for `text/event-stream`. Go by the answer's content type: an engine may answer a stream request with JSON. */
  readonly stream: boolean;
  /** Bytes of one event, or of a JSON answer, that are read at most; longer ones tell nothing. Default 8 MiB. */
  readonly maxBufferBytes?: number;
}

const DEFAULT_MAX_BUFFER_BYTES = 8 * 1024 * 1024;

/** Reads usage, finish reasons and errors from an answer to a chat or completions request. */
export function createAnswerReader(options: AnswerReaderOptions): AnswerReader {
  const maxBufferBytes = options.maxBufferBytes ?? DEFAULT_MAX_BUFFER_BYTES;
  if (!Number.isSafeInteger(maxBufferBytes) || maxBufferBytes < 1) {
    throw new WarmpathError(
      "invalid_configuration",
      `maxBufferBytes must be a positive integer, not ${maxBufferBytes}.`,
    );
  }
  return options.stream ? new EventAnswerReader(maxBufferBytes) : new JsonAnswerReader(maxBufferBytes);
}
