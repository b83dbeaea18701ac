import type { EndpointLoad } from "@warmpath/contracts";
import type { EngineMetrics } from "./types";

/** The fleet's idea of now, refreshed once per decision: 256 endpoints must not read the clock 256 times. */
export interface SharedNow {
  ms: number;
  /** Age at which metrics begin to lose trust. */
  staleAfterMs: number;
}

/** Load of one endpoint, changed in place. */
export class LiveLoad implements EndpointLoad {
  waitingRequests = 0;
  runningRequests = 0;
  kvUtilization = 0;
  kvBlocksTotal: number | undefined = undefined;
  engineBlockSizeTokens: number | undefined = undefined;
  updatedAtMs: number | undefined = undefined;
  inFlightRequests = 0;
  inFlightPrefillTokens = 0;
  inFlightContextTokens = 0;
  readonly #now: SharedNow;

  constructor(now: SharedNow) {
    this.#now = now;
  }

  /** 1 while fresh, then halves with every `staleAfterMs`; 0 before the first metrics. */
  get trust(): number {
    if (this.updatedAtMs === undefined) return 0;
    const { ms, staleAfterMs } = this.#now;
    const late = ms - this.updatedAtMs - staleAfterMs;
    return late <= 0 ? 1 : 0.5 ** (late / staleAfterMs);
  }

  /** Takes new metrics. A cache size that is missing this time stays as it was. */
  update(metrics: EngineMetrics, nowMs: number): void {
    this.waitingRequests = metrics.waitingRequests;
    this.runningRequests = metrics.runningRequests;
    this.kvUtilization = metrics.kvUtilization;
    this.kvBlocksTotal = metrics.kvBlocksTotal ?? this.kvBlocksTotal;
    this.engineBlockSizeTokens = metrics.engineBlockSizeTokens ?? this.engineBlockSizeTokens;
    this.updatedAtMs = nowMs;
  }
}
