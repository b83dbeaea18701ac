import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readVllmMetrics } from "./vllm-metrics";

const TWO_RANKS = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 5.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 1.0
vllm:num_requests_waiting{engine="1",model_name="m"} 2.0
vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 100.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.75
vllm:cache_config_info{block_size="32",engine="0",num_gpu_blocks="1000",user_specified_block_size="True"} 1.0
vllm:cache_config_info{block_size="32",engine="1",num_gpu_blocks="3000",user_specified_block_size="True"} 1.0
`;

describe("readVllmMetrics", () => {
  it("sums the ranks behind one address", () => {
    expect(readVllmMetrics(TWO_RANKS, undefined)).toEqual({
      waitingRequests: 3,
      runningRequests: 8,
      kvUtilization: 0.5,
      kvBlocksTotal: 4000,
      engineBlockSizeTokens: 32,
    });
  });

  it("reads one rank where requests are pinned to it", () => {
    expect(readVllmMetrics(TWO_RANKS, 1)).toEqual({
      waitingRequests: 2,
      runningRequests: 5,
      kvUtilization: 0.75,
      kvBlocksTotal: 3000,
      engineBlockSizeTokens: 32,
    });
  });

  it("takes what there is where the rank has no series of its own", () => {
    expect(readVllmMetrics(TWO_RANKS, 7)?.runningRequests).toBe(8);
  });

  it("counts a gauge that is not served as 0, and knows no cache size then", () => {
    expect(readVllmMetrics("vllm:num_requests_waiting 4\n", undefined)).toEqual({
      waitingRequests: 4,
      runningRequests: 0,
      kvUtilization: 0,
      kvBlocksTotal: undefined,
      engineBlockSizeTokens: undefined,
    });
    const none = 'vllm:num_requests_running 1\nvllm:cache_config_info{num_gpu_blocks="None",block_size="16"} 1\n';
    expect(readVllmMetrics(none, undefined)).toMatchObject({ kvBlocksTotal: undefined, engineBlockSizeTokens: 16 });
  });

  it("says nothing about a text without vLLM's gauges", () => {
    expect(readVllmMetrics("go_goroutines 7\n", undefined)).toBeUndefined();
  });

  const recorded = fileURLToPath(
    new URL("../../../../shared/golden/vllm/metrics-two-ranks-0.32.0.txt", import.meta.url),
  );
  it.skipIf(!existsSync(recorded))("reads a recorded answer of two ranks", () => {
    const expected = { waitingRequests: 0, runningRequests: 0, kvUtilization: 0, engineBlockSizeTokens: 32 };
    const text = readFileSync(recorded, "utf8");
    expect(readVllmMetrics(text, undefined)).toEqual({ ...expected, kvBlocksTotal: 2 * 131_072 });
    expect(readVllmMetrics(text, 1)).toEqual({ ...expected, kvBlocksTotal: 131_072 });
  });
});
