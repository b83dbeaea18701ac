import type { Candidate } from "@warmpath/contracts";
import { WorkAccount } from "../work-account";

/** How hard the default policy holds the endpoints' long-run prefill work together. */
export interface BalanceOptions {
  /** Work above the mean that costs almost nothing, as a share of the mean. Default 0.03. */
  readonly band?: number | undefined;
  /** The same in tokens, on top: room for single long prompts. Default 32768. */
  readonly slackTokens?: number | undefined;
  /** Milliseconds charged for each millisecond of work beyond the band. Default 1. */
  readonly price?: number | undefined;
  /** The same inside the band: decides between endpoints that are otherwise alike. Default 0.002. */
  readonly gentlePrice?: number | undefined;
  /** Time after which work counts half. Default 900000. */
  readonly halfLifeMs?: number | undefined;
}

/**
 * Price of an endpoint's share of the work. A prefix that all requests share is soon held by every endpoint, because
 * an endpoint that gets all the work grows dear and the next request computes the prefix elsewhere. Within the band a
 * conversation stays where its blocks are; that is nearly free, because requests without a long match even out the
 * work.
 */
export class Balance {
  readonly #account: WorkAccount;
  readonly #options: Required<{ [K in keyof BalanceOptions]: number }>;

  constructor(options: BalanceOptions = {}) {
    this.#options = {
      band: options.band ?? 0.03,
      slackTokens: options.slackTokens ?? 32_768,
      price: options.price ?? 1,
      gentlePrice: options.gentlePrice ?? 0.002,
      halfLifeMs: options.halfLifeMs ?? 900_000,
    };
    this.#account = new WorkAccount(this.#options.halfLifeMs);
  }

  /** Counts uncached tokens given to an endpoint; negative ones take back. */
  add(slot: number, tokens: number): void {
    this.#account.add(slot, tokens);
  }

  /** Adds each candidate's price in ms to `into`; the least loaded's is 0. */
  addPrices(candidates: readonly Candidate[], nowMs: number, msPerToken: number, into: Float64Array): void {
    const { band, slackTokens, price, gentlePrice } = this.#options;
    const limit = (1 + band) * this.#account.mean(candidates, nowMs) + slackTokens;
    const { least } = this.#account;
    for (let i = 0; i < candidates.length; i++) {
      const work = this.#account.of(candidates[i]!.endpoint.slot);
      const beyond = work > limit ? work - limit : 0;
      into[i] = into[i]! + (gentlePrice * (work - least) + price * beyond) * msPerToken;
    }
  }
}
