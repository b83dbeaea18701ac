/** How loaded one data-parallel rank is: its last report and what was sent to it since. */
export interface RankLoad {
  readonly rank: number;
  readonly waitingRequests: number;
  readonly runningRequests: number;
  /** Prompt tokens that wait to be computed. */
  readonly prefillBacklogTokens: number;
  /** Tokens of KV context that each decode step reads. */
  readonly contextTokens: number;
  /** Tokens that its KV cache can hold; undefined while unknown. */
  readonly kvCapacityTokens: number | undefined;
  /** False while it drains or does not answer. */
  readonly healthy: boolean;
}

/** What a rank policy knows of a request. */
export interface RankRequest {
  readonly promptTokens: number;
  /** Tokens that `rank` would take from its cache. */
  cachedTokens(rank: number): number;
  /** Undefined where the request sets no limit. */
  readonly maxOutputTokens: number | undefined;
}

/** Which data-parallel rank serves a request. Pure: same input, same answer. */
export interface RankPolicy {
  readonly contractVersion: 1;
  readonly name: string;
  /** Index into `ranks`; undefined when the request should wait. */
  choose(request: RankRequest, ranks: readonly RankLoad[]): number | undefined;
}
