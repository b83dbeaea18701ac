import type { LiveLoad } from "./live-load";
import type { Booking, BookingSize } from "./types";

/**
 * Books one request on a load. It holds the load itself, not the slot: when the endpoint is removed and its slot goes
 * to another, a late end must not touch the newcomer.
 */
export class LoadBooking implements Booking {
  readonly #load: LiveLoad;
  readonly #prefillTokens: number;
  readonly #contextTokens: number;
  #phase: "prefill" | "decode" | "ended" = "prefill";

  constructor(load: LiveLoad, size: BookingSize) {
    this.#load = load;
    this.#prefillTokens = Math.max(0, size.prefillTokens);
    this.#contextTokens = Math.max(0, size.contextTokens);
    load.inFlightRequests++;
    load.inFlightPrefillTokens += this.#prefillTokens;
  }

  firstToken(): void {
    if (this.#phase !== "prefill") return;
    this.#phase = "decode";
    this.#load.inFlightPrefillTokens -= this.#prefillTokens;
    this.#load.inFlightContextTokens += this.#contextTokens;
  }

  end(): void {
    if (this.#phase === "ended") return;
    if (this.#phase === "prefill") this.#load.inFlightPrefillTokens -= this.#prefillTokens;
    else this.#load.inFlightContextTokens -= this.#contextTokens;
    this.#load.inFlightRequests--;
    this.#phase = "ended";
  }
}
