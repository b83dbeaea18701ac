import type { Clock, KvEventBatch, KvEventSink, Logger } from "@warmpath/contracts";
import { expect } from "vitest";
import { encodeKvEventBatch } from "../src/encode/encode-batch";

/** The system clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The payload of a batch that is known by `label`; later `seconds` are later on the engine's clock. */
export function labelled(label: number, seconds = label): Uint8Array {
  const removed = { kind: "removed", blockHashes: Uint32Array.of(label, 0), medium: "GPU" } as const;
  return encodeKvEventBatch(
    { timestampSeconds: seconds, events: [removed], dataParallelRank: 0 },
    { form: "map", hashes: "int" },
  );
}

/** Writes down what reaches it: labels, and "reset". */
export class RecordingSink implements KvEventSink {
  readonly seen: (number | "reset")[] = [];

  apply(_source: unknown, batch: KvEventBatch): void {
    for (const event of batch.events) if (event.kind === "removed") this.seen.push(event.blockHashes[0]!);
  }

  reset(): void {
    this.seen.push("reset");
  }
}

/** Waits until `check` holds; fails with its last difference after `limitMs`. */
export async function eventually(check: () => void, limitMs = 15_000): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** True for a WarmpathError of the code. */
export const withCode = (code: string): unknown => expect.objectContaining({ code });
