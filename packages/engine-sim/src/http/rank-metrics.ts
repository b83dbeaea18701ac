import type { SequenceState } from "../core/replica-types";
import type { EngineRequest } from "./engine-request";
import { Histogram, oneTwoFive } from "./histogram";

const FIRST_TOKEN = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
const PER_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];
const LATENCY = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

/** Why a request left, as vLLM's `finished_reason`. */
export type FinishReason = "stop" | "length" | "abort" | "error" | "repetition";

/** What one rank tells in `/metrics` beyond the replica's own counters. Times are real seconds. */
export class RankMetrics {
  readonly finished: Record<FinishReason, number> = { stop: 0, length: 0, abort: 0, error: 0, repetition: 0 };
  promptTokens = 0;
  cachedPromptTokens = 0;
  readonly histograms: Readonly<Record<string, Histogram>>;

  constructor(maxModelLength: number) {
    const tokens = oneTwoFive(maxModelLength);
    this.histograms = {
      request_prompt_tokens: new Histogram(tokens),
      request_generation_tokens: new Histogram(tokens),
      time_to_first_token_seconds: new Histogram(FIRST_TOKEN),
      inter_token_latency_seconds: new Histogram(PER_TOKEN),
      request_time_per_output_token_seconds: new Histogram(PER_TOKEN),
      e2e_request_latency_seconds: new Histogram(LATENCY),
      request_queue_time_seconds: new Histogram(LATENCY),
      request_inference_time_seconds: new Histogram(LATENCY),
      request_prefill_time_seconds: new Histogram(LATENCY),
      request_decode_time_seconds: new Histogram(LATENCY),
    };
  }

  sampled(state: SequenceState<EngineRequest>, nowMs: number): void {
    const { request } = state;
    const { times } = request;
    if (times.firstToken === undefined) {
      times.firstToken = nowMs;
      this.promptTokens += request.promptTokens;
      this.cachedPromptTokens += state.cachedTokens ?? 0;
      this.#observe("time_to_first_token_seconds", nowMs - times.submitted);
    } else this.#observe("inter_token_latency_seconds", nowMs - (times.lastToken ?? nowMs));
    times.lastToken = nowMs;
    if (state.outputTokens === request.outputTokens) this.#ended(request, nowMs);
  }

  countFinished(reason: FinishReason): void {
    this.finished[reason]++;
  }

  aborted(): void {
    this.finished.abort++;
  }

  #ended(request: EngineRequest, nowMs: number): void {
    const { submitted, scheduled = submitted, firstToken = nowMs } = request.times;
    this.histograms.request_prompt_tokens?.observe(request.promptTokens);
    this.histograms.request_generation_tokens?.observe(request.outputTokens);
    this.#observe("e2e_request_latency_seconds", nowMs - submitted);
    this.#observe("request_queue_time_seconds", Math.max(0, scheduled - submitted));
    this.#observe("request_inference_time_seconds", nowMs - scheduled);
    this.#observe("request_prefill_time_seconds", firstToken - scheduled);
    this.#observe("request_decode_time_seconds", nowMs - firstToken);
    if (request.outputTokens > 1) {
      this.#observe("request_time_per_output_token_seconds", (nowMs - firstToken) / (request.outputTokens - 1));
    }
  }

  #observe(name: string, ms: number): void {
    this.histograms[name]?.observe(ms / 1000);
  }
}
