import { type Candidate, type Endpoint, PREFIX_MATCH, type SchedulingContext } from "@warmpath/contracts";

/**
 * How much prefill work each endpoint was given, by slot. With a half-life old work counts less and less, so that an
 * account follows the load that there is now. An endpoint that joins starts at the mean of the others: with an empty
 * account it would be sent everything until it had caught up with their past.
 */
export class WorkAccount {
  readonly #halfLifeMs: number;
  #work = new Float64Array(16);
  readonly #owners: (Endpoint | undefined)[] = [];
  #atMs: number | undefined;
  /** Smallest work of the candidates of the last `mean`. */
  least = 0;

  /** `halfLifeMs` may be Infinity. */
  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  /**
   * Mean work of the candidates, after decay to `nowMs`; `least` has the smallest afterwards. Opens accounts for those
   * who have none.
   */
  mean(candidates: readonly Candidate[], nowMs: number): number {
    this.#decay(nowMs);
    const [work, owners] = [this.#work, this.#owners];
    let sum = 0;
    let known = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < candidates.length; i++) {
      const { endpoint } = candidates[i]!;
      if (owners[endpoint.slot] !== endpoint) continue;
      const own = work[endpoint.slot]!;
      sum += own;
      if (own < least) least = own;
      known++;
    }
    const mean = known === 0 ? 0 : sum / known;
    if (known < candidates.length) this.#open(candidates, mean);
    this.least = Math.min(least, mean);
    return mean;
  }

  of(slot: number): number {
    return this.#work[slot] ?? 0;
  }

  add(slot: number, work: number): void {
    if (slot < this.#work.length) this.#work[slot] = this.#work[slot]! + work;
  }

  #open(candidates: readonly Candidate[], mean: number): void {
    for (const { endpoint } of candidates) {
      const { slot } = endpoint;
      if (this.#owners[slot] === endpoint) continue;
      this.#owners[slot] = endpoint;
      if (slot >= this.#work.length) this.#grow(slot);
      this.#work[slot] = mean;
    }
  }

  #grow(slot: number): void {
    const work = new Float64Array(2 * slot);
    work.set(this.#work);
    this.#work = work;
  }

  #decay(nowMs: number): void {
    const passedMs = nowMs - (this.#atMs ?? nowMs);
    if (this.#atMs !== undefined && passedMs < this.#halfLifeMs / 1000) return;
    this.#atMs = nowMs;
    if (passedMs <= 0 || this.#halfLifeMs === Number.POSITIVE_INFINITY) return;
    const factor = 0.5 ** (passedMs / this.#halfLifeMs);
    for (let slot = 0; slot < this.#work.length; slot++) this.#work[slot] = this.#work[slot]! * factor;
  }
}

/** Prompt tokens that the endpoint in `slot` would have to compute. */
export function uncachedTokens(context: SchedulingContext, slot: number): number {
  const match = context.get(PREFIX_MATCH);
  return promptTokens(context) - (match?.matchedTokens(slot) ?? 0);
}

/** Tokens of the prompt; a quarter of the body's bytes where nothing counted them. */
export function promptTokens(context: SchedulingContext): number {
  return context.prompt?.tokenIds.length ?? Math.ceil(context.request.body.length / 4);
}
