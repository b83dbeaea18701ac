import type { Engine } from "./engine";
import type { EngineRank } from "./engine-rank";
import { pythonFloat } from "./python-repr";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [extra: Labels, value: number];

/** One metric family with a series, or several, for each rank. */
interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: (rank: EngineRank) => readonly Sample[];
}

const one = (read: (rank: EngineRank) => number) => (rank: EngineRank) => [[{}, read(rank)]] as const;

const FAMILIES: readonly Family[] = [
  {
    name: "num_requests_running",
    type: "gauge",
    help: "Number of requests in model execution batches.",
    samples: one(({ replica }) => replica.runningRequests),
  },
  {
    name: "num_requests_waiting",
    type: "gauge",
    help: "Number of requests waiting to be processed.",
    samples: one(({ replica }) => replica.waitingRequests),
  },
  {
    name: "num_requests_waiting_by_reason",
    type: "gauge",
    help: "Number of waiting requests by reason.",
    samples: ({ replica }) => [
      [{ reason: "capacity" }, replica.waitingRequests],
      [{ reason: "deferred" }, 0],
    ],
  },
  {
    name: "engine_sleep_state",
    type: "gauge",
    help: "Engine sleep state.",
    samples: () => [
      [{ sleep_state: "awake" }, 1],
      [{ sleep_state: "weights_offloaded" }, 0],
      [{ sleep_state: "discard_all" }, 0],
    ],
  },
  {
    name: "kv_cache_usage_perc",
    type: "gauge",
    help: "KV-cache usage. 1 means 100 percent usage.",
    samples: one(({ replica }) => replica.kvUtilization),
  },
  {
    name: "prefix_cache_queries_total",
    type: "counter",
    help: "Prefix cache queries, in terms of number of queried tokens.",
    samples: one(({ replica }) => replica.counters.queriedTokens),
  },
  {
    name: "prefix_cache_hits_total",
    type: "counter",
    help: "Prefix cache hits, in terms of number of cached tokens.",
    samples: one(({ replica }) => replica.counters.hitTokens),
  },
  {
    name: "num_preemptions_total",
    type: "counter",
    help: "Cumulative number of preemption from the engine.",
    samples: one(({ replica }) => replica.counters.preemptions),
  },
  {
    name: "prompt_tokens_total",
    type: "counter",
    help: "Number of prefill tokens processed.",
    samples: one(({ metrics }) => metrics.promptTokens),
  },
  {
    name: "prompt_tokens_by_source_total",
    type: "counter",
    help: "Number of prompt tokens by source.",
    samples: ({ metrics }) => [
      [{ source: "local_compute" }, metrics.promptTokens - metrics.cachedPromptTokens],
      [{ source: "local_cache_hit" }, metrics.cachedPromptTokens],
      [{ source: "external_kv_transfer" }, 0],
    ],
  },
  {
    name: "prompt_tokens_cached_total",
    type: "counter",
    help: "Number of cached prompt tokens (local + external).",
    samples: one(({ metrics }) => metrics.cachedPromptTokens),
  },
  {
    name: "generation_tokens_total",
    type: "counter",
    help: "Number of generation tokens processed.",
    samples: one(({ replica }) => replica.counters.generatedTokens),
  },
  {
    name: "request_success_total",
    type: "counter",
    help: "Count of successfully processed requests.",
    samples: ({ metrics }) =>
      Object.entries(metrics.finished).map(([reason, count]) => [{ finished_reason: reason }, count]),
  },
];

/** The text of `GET /metrics`: vLLM's names, one series a rank. */
export function renderMetrics(engine: Engine): string {
  const lines = FAMILIES.flatMap((family) => renderFamily(engine, family));
  const [first] = engine.ranks;
  for (const name of Object.keys(first?.metrics.histograms ?? {})) lines.push(...renderHistogram(engine, name));
  lines.push(...renderCacheConfig(engine));
  return `${lines.join("\n")}\n`;
}

function renderFamily(engine: Engine, { name, type, help, samples }: Family): string[] {
  const lines = header(name, type, help);
  for (const [index, rank] of engine.ranks.entries()) {
    for (const [extra, value] of samples(rank)) {
      lines.push(`vllm:${name}${labelBlock({ ...rankLabels(engine, index), ...extra })} ${pythonFloat(value)}`);
    }
  }
  return lines;
}

function renderHistogram(engine: Engine, name: string): string[] {
  const lines = header(name, "histogram", `Histogram of ${name}.`);
  for (const [index, { metrics }] of engine.ranks.entries()) {
    const labels = (extra?: readonly [string, string]): string =>
      labelBlock({ ...rankLabels(engine, index), ...(extra && { [extra[0]]: extra[1] }) });
    lines.push(...(metrics.histograms[name]?.lines(`vllm:${name}`, labels) ?? []));
  }
  return lines;
}

function renderCacheConfig({ options, ranks }: Engine): string[] {
  const lines = header("cache_config_info", "gauge", "Information of the LLMEngine CacheConfig");
  for (const index of ranks.keys()) {
    const labels = labelBlock({
      block_size: String(options.blockSizeTokens),
      cache_dtype: "auto",
      enable_prefix_caching: "True",
      engine: String(index),
      kv_cache_size_tokens: String(options.blocks * options.blockSizeTokens),
      num_cpu_blocks: "None",
      num_gpu_blocks: String(options.blocks),
      num_gpu_blocks_override: "None",
      prefix_caching_hash_algo: options.hashAlgorithm,
      sliding_window: "None",
    });
    lines.push(`vllm:cache_config_info${labels} 1.0`);
  }
  return lines;
}

function header(name: string, type: string, help: string): string[] {
  return [`# HELP vllm:${name} ${help}`, `# TYPE vllm:${name} ${type}`];
}

function rankLabels(engine: Engine, rank: number): Labels {
  return { engine: String(rank), model_name: engine.options.models[0] as string };
}

/** Labels by name, values escaped. */
function labelBlock(labels: Labels): string {
  const names = Object.keys(labels).sort();
  return `{${names.map((name) => `${name}="${escapeLabel(labels[name] as string)}"`).join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}
