import type { Clock } from "@warmpath/contracts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that stands until it is moved; what was scheduled then runs in order of time, each at its own time. */
export class ManualClock implements Clock {
  ms: number;
  #timers: Timer[] = [];

  constructor(startMs = 0) {
    this.ms = startMs;
  }

  nowMs(): number {
    return this.ms;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.ms + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Callbacks that wait. */
  get waiting(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    this.advanceTo(this.ms + ms);
  }

  advanceTo(ms: number): void {
    for (let due = this.#takeDue(ms); due; due = this.#takeDue(ms)) {
      this.ms = Math.max(this.ms, due.atMs);
      due.callback();
    }
    this.ms = Math.max(this.ms, ms);
  }

  #takeDue(ms: number): Timer | undefined {
    let first = -1;
    for (const [i, { atMs }] of this.#timers.entries()) {
      if (atMs <= ms && (first < 0 || atMs < this.#timers[first]!.atMs)) first = i;
    }
    return first < 0 ? undefined : this.#timers.splice(first, 1)[0];
  }
}

/** The system's clock. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves when `check` holds; rejects after 10 s. */
export async function eventually(check: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + 10_000; !check(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (performance.now() > end) throw new Error(`Never came true: ${what}`);
}
