import type { Counter, Logger, Metrics } from "@warmpath/contracts";

/** How predicted cached tokens compare with those that engines reported. */
export interface DriftStats {
  readonly compared: number;
  readonly exact: number;
  readonly predictedTokens: number;
  readonly reportedTokens: number;
  /** Predicted but not reported, summed. */
  readonly overTokens: number;
  /** Reported but not predicted, summed. */
  readonly underTokens: number;
  /** Answers whose prompt had another number of tokens than ours: the tokenizer is not the engine's. */
  readonly promptMismatches: number;
  /** Running mean of |predicted - reported| / prompt tokens. */
  readonly meanError: number;
  /** True while the mean error is high. */
  readonly alarm: boolean;
}

/** Weight of a new comparison in the running mean. */
const GAIN = 0.05;
const ALARM_ON = 0.2;
const ALARM_OFF = 0.1;
/** Comparisons before the alarm may sound. */
const LEAST_COMPARISONS = 20;

const nothing: Counter = { add: () => {} };

/** Compares predictions with reports; sounds an alarm when they drift apart, once until they are together again. */
export class DriftMonitor {
  #stats = {
    compared: 0,
    exact: 0,
    predictedTokens: 0,
    reportedTokens: 0,
    overTokens: 0,
    underTokens: 0,
    promptMismatches: 0,
    meanError: 0,
    alarm: false,
  };
  readonly #logger: Logger;
  readonly #counters: Readonly<Record<"predicted" | "reported" | "over" | "under" | "mismatch", Counter>>;

  constructor(logger: Logger, metrics: Metrics | undefined) {
    this.#logger = logger;
    const counter = (name: string, help: string): Counter => metrics?.counter({ name, help }) ?? nothing;
    this.#counters = {
      predicted: counter("warmpath_predicted_cached_tokens_total", "Cached tokens that were predicted."),
      reported: counter("warmpath_reported_cached_tokens_total", "Cached tokens that engines reported for the same."),
      over: counter("warmpath_over_predicted_tokens_total", "Cached tokens predicted and not reported."),
      under: counter("warmpath_under_predicted_tokens_total", "Cached tokens reported and not predicted."),
      mismatch: counter("warmpath_prompt_length_mismatches_total", "Prompts whose length the engine saw otherwise."),
    };
  }

  compare(predicted: number, reported: number, promptTokens: number): void {
    const stats = this.#stats;
    const over = Math.max(0, predicted - reported);
    const under = Math.max(0, reported - predicted);
    stats.compared++;
    if (over + under === 0) stats.exact++;
    stats.predictedTokens += predicted;
    stats.reportedTokens += reported;
    stats.overTokens += over;
    stats.underTokens += under;
    stats.meanError += GAIN * ((over + under) / Math.max(1, promptTokens) - stats.meanError);
    this.#counters.predicted.add(predicted);
    this.#counters.reported.add(reported);
    if (over > 0) this.#counters.over.add(over);
    if (under > 0) this.#counters.under.add(under);
    this.#judge();
  }

  comparePrompt(ours: number, engines: number): void {
    if (ours === engines) return;
    this.#stats.promptMismatches++;
    this.#counters.mismatch.add();
  }

  stats(): DriftStats {
    return { ...this.#stats };
  }

  #judge(): void {
    const { meanError, compared, alarm } = this.#stats;
    if (!alarm && meanError > ALARM_ON && compared >= LEAST_COMPARISONS) {
      this.#stats.alarm = true;
      this.#logger.warn(this.stats(), "Predicted cached tokens drift from those that engines report.");
    } else if (alarm && meanError < ALARM_OFF) {
      this.#stats.alarm = false;
      this.#logger.info(this.stats(), "Predicted cached tokens agree with reports again.");
    }
  }
}
