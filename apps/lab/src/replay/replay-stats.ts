import { quantile } from "../demo/arm-stats";

/** What a policy came to over one trace. */
export interface ReplayResult {
  readonly policy: string;
  readonly requests: number;
  /** Requests that could not be placed. */
  readonly failed: number;
  /** Share of full prompt blocks that were found in a cache. */
  readonly blockHitRate: number;
  /** Share of prompt tokens that were found in a cache. */
  readonly tokenHitRate: number;
  readonly hitBlocks: number;
  readonly ttftP50Ms: number;
  readonly ttftP90Ms: number;
  readonly ttftP99Ms: number;
  /** Output tokens per second, from the first arrival to the last token. */
  readonly outputTokensPerSecond: number;
  /** Uncached prompt tokens of the busiest engine over the mean. */
  readonly maxOverMeanWork: number;
  /** Requests of the busiest engine over the mean. */
  readonly maxOverMeanRequests: number;
  /** Answers whose cached tokens were not what the scheduler had predicted. */
  readonly mispredicted: number;
}

/** Adds up one replay. */
export class ReplayStats {
  readonly #work: Float64Array;
  readonly #requests: Float64Array;
  readonly #ttft: number[] = [];
  readonly #blockSizeTokens: number;
  #failed = 0;
  #promptTokens = 0;
  #cachedTokens = 0;
  #blocks = 0;
  #outputTokens = 0;
  #endMs = 0;
  #mispredicted = 0;

  constructor(replicas: number, blockSizeTokens: number) {
    this.#work = new Float64Array(replicas);
    this.#requests = new Float64Array(replicas);
    this.#blockSizeTokens = blockSizeTokens;
  }

  fail(): void {
    this.#failed++;
  }

  firstToken(ttftMs: number): void {
    this.#ttft.push(ttftMs);
  }

  finish(end: {
    replica: number;
    promptTokens: number;
    cachedTokens: number;
    predictedTokens: number | undefined;
    outputTokens: number;
    nowMs: number;
  }): void {
    this.#work[end.replica]! += end.promptTokens - end.cachedTokens;
    this.#requests[end.replica]! += 1;
    this.#promptTokens += end.promptTokens;
    this.#cachedTokens += end.cachedTokens;
    this.#blocks += Math.ceil(end.promptTokens / this.#blockSizeTokens);
    this.#outputTokens += end.outputTokens;
    this.#endMs = Math.max(this.#endMs, end.nowMs);
    if (end.predictedTokens !== end.cachedTokens) this.#mispredicted++;
  }

  result(policy: string): ReplayResult {
    const ttft = this.#ttft.toSorted((a, b) => a - b);
    const hitBlocks = this.#cachedTokens / this.#blockSizeTokens;
    return {
      policy,
      requests: ttft.length,
      failed: this.#failed,
      hitBlocks,
      blockHitRate: hitBlocks / Math.max(1, this.#blocks),
      tokenHitRate: this.#cachedTokens / Math.max(1, this.#promptTokens),
      ttftP50Ms: quantile(ttft, 0.5),
      ttftP90Ms: quantile(ttft, 0.9),
      ttftP99Ms: quantile(ttft, 0.99),
      outputTokensPerSecond: (1000 * this.#outputTokens) / Math.max(1, this.#endMs),
      maxOverMeanWork: maxOverMean(this.#work),
      maxOverMeanRequests: maxOverMean(this.#requests),
      mispredicted: this.#mispredicted,
    };
  }
}

function maxOverMean(values: Float64Array): number {
  const sum = values.reduce((a, b) => a + b, 0);
  return sum === 0 ? 0 : (Math.max(...values) * values.length) / sum;
}
