import type { Clock } from "@warmpath/contracts";

interface Entry {
  readonly atMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** A clock whose time passes only when {@link VirtualClock.run} makes it pass. */
export interface VirtualClock extends Clock {
  /** Runs what is due, in order of time and then of scheduling, until nothing is left or `untilMs` is reached. */
  run(untilMs?: number): void;
  /** Callbacks that wait, cancelled ones included. */
  readonly pending: number;
}

/** Creates a clock that stands at 0 ms. */
export function createVirtualClock(): VirtualClock {
  return new HeapClock();
}

/** A binary heap of callbacks. */
class HeapClock implements VirtualClock {
  #nowMs = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  get pending(): number {
    return this.#heap.length;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const entry: Entry = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#push(entry);
    return () => {
      entry.callback = undefined;
    };
  }

  run(untilMs = Number.POSITIVE_INFINITY): void {
    for (let top = this.#heap[0]; top && top.atMs <= untilMs; top = this.#heap[0]) {
      this.#pop();
      if (!top.callback) continue;
      this.#nowMs = top.atMs;
      top.callback();
    }
    if (untilMs !== Number.POSITIVE_INFINITY && untilMs > this.#nowMs) this.#nowMs = untilMs;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Entry;
      if (!before(entry, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, last)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
