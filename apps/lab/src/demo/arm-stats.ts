import type { ChatResult } from "./client";

/** Running figures of one side of the comparison. */
export interface ArmFigures {
  readonly requests: number;
  readonly failed: number;
  /** Share of prompt tokens that engines took from their caches. */
  readonly hitRate: number;
  readonly ttftP50Ms: number;
  readonly ttftP90Ms: number;
  /** Requests of the busiest endpoint over the mean. */
  readonly maxOverMean: number;
  readonly byEndpoint: ReadonlyMap<string, number>;
}

/** Collects what the clients of one gateway saw. */
export class ArmStats {
  #failed = 0;
  #promptTokens = 0;
  #cachedTokens = 0;
  readonly #ttft: number[] = [];
  readonly #byEndpoint = new Map<string, number>();
  /** The last failure, for the summary. */
  lastFailure: unknown;

  add({ promptTokens, cachedTokens, ttftMs, endpoint }: ChatResult): void {
    this.#promptTokens += promptTokens;
    this.#cachedTokens += cachedTokens;
    this.#ttft.push(ttftMs);
    this.#byEndpoint.set(endpoint, (this.#byEndpoint.get(endpoint) ?? 0) + 1);
  }

  fail(error: unknown): void {
    this.#failed++;
    this.lastFailure = error;
  }

  /** `endpoints` is the size of the fleet, so that idle ones count in the mean. */
  figures(endpoints: number): ArmFigures {
    const requests = this.#ttft.length;
    const sorted = this.#ttft.toSorted((a, b) => a - b);
    const busiest = Math.max(0, ...this.#byEndpoint.values());
    return {
      requests,
      failed: this.#failed,
      hitRate: this.#promptTokens === 0 ? 0 : this.#cachedTokens / this.#promptTokens,
      ttftP50Ms: quantile(sorted, 0.5),
      ttftP90Ms: quantile(sorted, 0.9),
      maxOverMean: requests === 0 ? 0 : (busiest * endpoints) / requests,
      byEndpoint: this.#byEndpoint,
    };
  }
}

/** Nearest-rank quantile of a sorted list; NaN when empty. */
export function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}
