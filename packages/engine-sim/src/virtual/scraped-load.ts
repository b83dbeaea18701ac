import type { EndpointLoad } from "@warmpath/contracts";

/** What a scrape of one replica's metrics says. */
export type ReplicaLoad = Pick<
  EndpointLoad,
  "waitingRequests" | "runningRequests" | "kvUtilization" | "kvBlocksTotal" | "engineBlockSizeTokens" | "updatedAtMs"
>;

/**
 * The load as a poller sees it that scrapes at 0, interval, 2·interval … ms. No timer runs: each change of the replica
 * first settles what the scrapes since the last change have seen.
 */
export class ScrapedLoad {
  readonly #intervalMs: number;
  readonly #read: (atMs: number) => ReplicaLoad;
  #changedAtMs = 0;
  #seen: ReplicaLoad;

  /** @param intervalMs 0 sees every change at once. */
  constructor(intervalMs: number, read: (atMs: number) => ReplicaLoad) {
    this.#intervalMs = intervalMs;
    this.#read = read;
    this.#seen = read(0);
  }

  /** To be called before the replica changes. */
  beforeChange(nowMs: number): void {
    if (this.#intervalMs === 0) return;
    const scrapeMs = Math.floor(nowMs / this.#intervalMs) * this.#intervalMs;
    if (scrapeMs > this.#changedAtMs) this.#seen = this.#read(scrapeMs);
    this.#changedAtMs = nowMs;
  }

  at(nowMs: number): ReplicaLoad {
    if (this.#intervalMs === 0) return this.#read(nowMs);
    const scrapeMs = Math.floor(nowMs / this.#intervalMs) * this.#intervalMs;
    return scrapeMs > this.#changedAtMs ? this.#read(scrapeMs) : this.#seen;
  }
}
