import type { Clock, Logger } from "@warmpath/contracts";

/** A clock that stands until it is moved. */
export class ManualClock implements Clock {
  ms = 0;
  #timers: { atMs: number; callback: () => void }[] = [];

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

  advance(ms: number): void {
    this.ms += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.ms);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.ms);
    for (const { callback } of due) callback();
  }

  get waiting(): number {
    return this.#timers.length;
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

/** Keeps what was logged. */
export class MemoryLogger implements Logger {
  readonly lines: string[] = [];

  debug(_: object, message = ""): void {
    this.lines.push(`debug ${message}`);
  }
  info(_: object, message = ""): void {
    this.lines.push(`info ${message}`);
  }
  warn(_: object, message = ""): void {
    this.lines.push(`warn ${message}`);
  }
  error(_: object, message = ""): void {
    this.lines.push(`error ${message}`);
  }
}

/** Resolves when `check` holds; rejects after 10 s. */
export async function eventually(check: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + 10_000; !check(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (performance.now() > end) throw new Error(`Never came true: ${what}`);
}
