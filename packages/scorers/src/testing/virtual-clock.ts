import type { Clock, Logger, Random } from "@warmpath/contracts";

/** A clock that stands still until it is moved; what was scheduled runs in order of time. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  advanceTo(nowMs: number): void {
    for (let due = this.#takeDue(nowMs); due; due = this.#takeDue(nowMs)) {
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
    }
    this.#nowMs = Math.max(this.#nowMs, nowMs);
  }

  #takeDue(nowMs: number): { atMs: number; callback: () => void } | undefined {
    let first = -1;
    for (let i = 0; i < this.#timers.length; i++) {
      const { atMs } = this.#timers[i]!;
      if (atMs <= nowMs && (first < 0 || atMs < this.#timers[first]!.atMs)) first = i;
    }
    return first < 0 ? undefined : this.#timers.splice(first, 1)[0];
  }
}

/** mulberry32: the generator of the published figures. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
