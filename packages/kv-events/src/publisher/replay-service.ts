import type { Router } from "zeromq";
import { END_OF_REPLAY, encodeSequence } from "../sequence";
import type { ReplayBuffer } from "./replay-buffer";

const EMPTY = new Uint8Array(0);

export interface ReplayServiceOptions {
  readonly router: Router;
  readonly buffer: ReplayBuffer;
  readonly topic: Uint8Array;
  readonly form: "topic" | "bare";
}

/** Answers replay requests until the router is closed, as vLLM does: `[identity, delimiter, start]`, anything else gets no answer. */
export async function serveReplays(options: ReplayServiceOptions): Promise<void> {
  for await (const frames of options.router) {
    const [identity, , start] = frames;
    if (frames.length !== 3 || identity === undefined || start === undefined) continue;
    await answer(options, identity, readStart(start));
  }
}

async function answer(options: ReplayServiceOptions, identity: Uint8Array, start: number): Promise<void> {
  const { router, buffer, topic, form } = options;
  const end = buffer.nextSequence;
  const head = form === "topic" ? [topic] : [];
  for (let sequence = Math.max(start, buffer.oldestSequence); sequence < end; sequence++) {
    const payload = buffer.get(sequence);
    if (payload) await router.send([identity, EMPTY, ...head, encodeSequence(sequence), payload]);
  }
  await router.send([identity, EMPTY, ...(form === "topic" ? [EMPTY] : []), END_OF_REPLAY, EMPTY]);
}

/** A big-endian integer of any length, as Python reads it; beyond 2^53 the nearest number. */
function readStart(bytes: Uint8Array): number {
  let start = 0;
  for (const byte of bytes) start = start * 256 + byte;
  return start;
}
