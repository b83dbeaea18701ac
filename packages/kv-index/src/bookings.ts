import { type Clock, TIER_GPU } from "@warmpath/contracts";
import type { Holders } from "./holders";

/** Bookings that end within this share of their time of each other may end together. */
const WINDOW_SHARE = 1 / 8;

/** Bookings that end together: one holder per endpoint. */
interface Window {
  endsAtMs: number;
  /** Bookings that end later than this do not join. */
  readonly latestMs: number;
  readonly holderOf: Map<number, number>;
}

/**
 * Time limits of bookings. A window of bookings ends with one write per endpoint, whatever it booked. A booking alone ends
 * to the millisecond; in a burst it may last up to an eighth longer.
 */
export class Bookings {
  readonly #holders: Holders;
  readonly #clock: Clock;
  #windows: Window[] = [];
  #cancel: (() => void) | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(holders: Holders, clock: Clock) {
    this.#holders = holders;
    this.#clock = clock;
  }

  /** Holder for a booking of `slot` that ends after `ttlMs`; -1 when all are taken. */
  open(slot: number, ttlMs: number): number {
    const nowMs = this.#clock.nowMs();
    this.expire(nowMs);
    const window = this.#windowFor(nowMs + ttlMs, ttlMs * WINDOW_SHARE);
    let holder = window.holderOf.get(slot);
    if (holder === undefined) {
      holder = this.#holders.create(slot, TIER_GPU);
      if (holder < 0) return -1;
      window.holderOf.set(slot, holder);
    }
    this.#wake(window.endsAtMs);
    return holder;
  }

  /** Holders of the endpoint's bookings; those that end not later than `than`'s where that is given. */
  ofSlot(slot: number, than?: number): readonly number[] {
    if (this.#windows.length === 0) return NONE;
    const limit = than === undefined ? Number.POSITIVE_INFINITY : this.#endOf(slot, than);
    const found: number[] = [];
    for (const { endsAtMs, holderOf } of this.#windows) {
      const holder = holderOf.get(slot);
      if (holder !== undefined && holder !== than && endsAtMs <= limit) found.push(holder);
    }
    return found.length === 0 ? NONE : found;
  }

  /** Ends all bookings of an endpoint. */
  remove(slot: number): void {
    for (const { holderOf } of this.#windows) {
      const holder = holderOf.get(slot);
      if (holder === undefined) continue;
      this.#holders.end(holder);
      holderOf.delete(slot);
    }
  }

  /** Ends the windows whose time is over. */
  expire(nowMs: number): void {
    if (!this.#windows.some((window) => window.endsAtMs <= nowMs)) return;
    for (const window of this.#windows) {
      if (window.endsAtMs > nowMs) continue;
      for (const holder of window.holderOf.values()) this.#holders.end(holder);
    }
    this.#windows = this.#windows.filter((window) => window.endsAtMs > nowMs);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
  }

  #endOf(slot: number, holder: number): number {
    return this.#windows.find((window) => window.holderOf.get(slot) === holder)?.endsAtMs ?? 0;
  }

  #windowFor(endsAtMs: number, slackMs: number): Window {
    for (const window of this.#windows) {
      if (endsAtMs > window.latestMs || window.endsAtMs - endsAtMs > slackMs) continue;
      window.endsAtMs = Math.max(window.endsAtMs, endsAtMs);
      return window;
    }
    const made = { endsAtMs, latestMs: endsAtMs + slackMs, holderOf: new Map<number, number>() };
    this.#windows.push(made);
    return made;
  }

  /** One timer, for the window that ends first. */
  #wake(atMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#cancel?.();
    this.#wakeAtMs = atMs;
    this.#cancel = this.#clock.schedule(Math.max(0, atMs - this.#clock.nowMs()), () => this.#woken());
  }

  #woken(): void {
    this.#cancel = undefined;
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    this.expire(this.#clock.nowMs());
    let next = Number.POSITIVE_INFINITY;
    for (const window of this.#windows) next = Math.min(next, window.endsAtMs);
    if (next < Number.POSITIVE_INFINITY) this.#wake(next);
  }
}

const NONE: readonly number[] = [];
