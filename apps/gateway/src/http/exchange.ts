import type { RequestHead } from "./request-head";

/** One request with its whole body, and the way to answer it. */
export interface Exchange {
  readonly head: RequestHead;
  /** The body as received, chunk framing taken off. */
  readonly body: Buffer;
  /** The connection can take another request behind this answer. */
  readonly persistent: boolean;
  /** Aborted when the client goes away. One signal serves all requests of a connection. */
  readonly signal: AbortSignal;
  /** Called once when the client goes before the answer is finished. */
  onAbort: (() => void) | undefined;
  /** Called when the client has taken what `write` could not send at once. */
  onDrain: (() => void) | undefined;
  /** A whole answer. `fields` are header lines, each with its CRLF; length and connection are added. */
  answer(status: number, fields: string, body: Uint8Array): void;
  /** Sends bytes of an answer that the caller frames itself; false asks to wait for `onDrain`. */
  write(bytes: Uint8Array): boolean;
  /** The answer written so far is whole. The connection closes unless `keepOpen`. */
  finish(keepOpen: boolean): void;
  /** Closes the connection in the middle of an answer, so that the client sees it was cut. */
  cut(): void;
}
