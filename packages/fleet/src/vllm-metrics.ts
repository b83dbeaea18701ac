import { forEachSample, labelValue } from "./prometheus";
import type { EngineMetrics } from "./types";

/**
 * What vLLM's `/metrics` says about an endpoint; undefined when the text has none of its gauges. One answer holds one
 * series per data-parallel rank, told apart by the label `engine`: `rank` keeps its own series alone, where there is
 * one; otherwise counts are summed and the KV usage is the mean. A gauge that is not served counts as 0.
 */
export function readVllmMetrics(text: string, rank: number | undefined): EngineMetrics | undefined {
  const waiting = byEngine(text, "vllm:num_requests_waiting");
  const running = byEngine(text, "vllm:num_requests_running");
  const usage = byEngine(text, "vllm:kv_cache_usage_perc");
  if (waiting.size + running.size + usage.size === 0) return undefined;
  const caches = readCaches(text);
  const engine = rank === undefined ? undefined : String(rank);
  return {
    waitingRequests: sum(pick(waiting, engine)),
    runningRequests: sum(pick(running, engine)),
    kvUtilization: clamp01(mean(pick(usage, engine))),
    kvBlocksTotal: total(pick(caches.blocks, engine)),
    engineBlockSizeTokens: pick(caches.blockSizes, engine)[0],
  };
}

type Series = Map<string, number>;

/** Sums what one engine has under several model names: they are different requests. */
function byEngine(text: string, metric: string): Series {
  const series: Series = new Map();
  forEachSample(text, metric, (labels, value) => {
    const engine = labelValue(labels, "engine") ?? "";
    series.set(engine, (series.get(engine) ?? 0) + value);
  });
  return series;
}

function readCaches(text: string): { blocks: Series; blockSizes: Series } {
  const blocks: Series = new Map();
  const blockSizes: Series = new Map();
  forEachSample(text, "vllm:cache_config_info", (labels) => {
    const engine = labelValue(labels, "engine") ?? "";
    setPositive(blocks, engine, labelValue(labels, "num_gpu_blocks"));
    setPositive(blockSizes, engine, labelValue(labels, "block_size"));
  });
  return { blocks, blockSizes };
}

function setPositive(series: Series, engine: string, text: string | undefined): void {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) series.set(engine, value);
}

function pick(series: Series, engine: string | undefined): number[] {
  const own = engine === undefined ? undefined : series.get(engine);
  return own === undefined ? [...series.values()] : [own];
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : sum(values) / values.length);
const total = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : sum(values));
const clamp01 = (value: number): number => Math.min(1, Math.max(0, value));
