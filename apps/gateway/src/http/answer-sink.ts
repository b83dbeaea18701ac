import type { AnswerHead } from "./answer-head";

/**
 * How far a request had come when its connection failed.
 * `unsent`: no connection was made. `stale`: a kept connection closed without a byte of answer, as servers do with idle
 * ones. `unanswered`: a new connection did the same. `malformed`: the answer is not HTTP. `cut`: the head had come.
 */
export type UpstreamFailure = "unsent" | "stale" | "unanswered" | "malformed" | "cut";

/** Receives one answer. All calls of an answer come in order; `onFailure`, or `onBody` with `last`, is the final one. */
export interface AnswerSink {
  /** The head is there. `onBody` follows in the same turn, also when no byte of the body has come. */
  onHead(head: AnswerHead): void;
  /**
   * The next bytes: `bytes[start, end)` as they arrived, framing included. `payloads` are the body bytes among them;
   * `whole` says that the framing neither starts nor ends inside a chunk and has no extras, so that it can be passed on.
   */
  onBody(
    bytes: Buffer,
    start: number,
    end: number,
    payloads: readonly Uint8Array[],
    whole: boolean,
    last: boolean,
  ): void;
  /** `cause` is what was thrown while the answer was read, if anything was. */
  onFailure(failure: UpstreamFailure, cause: unknown): void;
}
