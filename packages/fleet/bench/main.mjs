// Reading an engine's metrics: our reader beside a plain line-by-line parser of the same text (the baseline).
// Usage: node bench/main.mjs [rounds]
import { readVllmMetrics } from "@warmpath/fleet";

const ROUNDS = Number(process.argv[2] ?? 25);

/** A text of the size that an engine serves: the gauges among its histograms. */
function sampleText() {
  const lines = [];
  for (let engine = 0; engine < 2; engine++) {
    const labels = `engine="${engine}",model_name="model"`;
    for (let h = 0; h < 25; h++) {
      lines.push(`# HELP vllm:histogram_${h} Text of help.`, `# TYPE vllm:histogram_${h} histogram`);
      for (let b = 0; b < 24; b++) lines.push(`vllm:histogram_${h}_bucket{${labels},le="${b}.5"} ${b * 100}.0`);
    }
    for (const name of ["num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"])
      lines.push(`# TYPE vllm:${name} gauge`, `vllm:${name}{${labels}} 0.5`);
    lines.push(`vllm:cache_config_info{block_size="16",engine="${engine}",num_gpu_blocks="1000"} 1.0`);
  }
  return `${lines.join("\n")}\n`;
}

/** Every line, every label. */
function lineByLine(text) {
  const samples = new Map();
  for (const line of text.split("\n")) {
    const parts = /^([^{ #]+)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!parts) continue;
    const labels = Object.fromEntries(
      Array.from((parts[2] ?? "").matchAll(/([^=,]+)="([^"]*)"/g), ([, k, v]) => [k, v]),
    );
    const list = samples.get(parts[1]) ?? [];
    list.push({ labels, value: Number(parts[3]) });
    samples.set(parts[1], list);
  }
  return samples;
}

const text = sampleText();
const list = [
  { name: "line by line (baseline)", run: () => lineByLine(text), wall: [], cpu: [] },
  { name: "readVllmMetrics", run: () => readVllmMetrics(text, undefined), wall: [], cpu: [] },
];
for (const { run } of list) for (let i = 0; i < 20; i++) run();
for (let round = 0; round < ROUNDS; round++)
  for (const { run, wall, cpu } of list) {
    const before = process.cpuUsage();
    const start = process.hrtime.bigint();
    for (let i = 0; i < 10; i++) run();
    wall.push(Number(process.hrtime.bigint() - start) / 10_000);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / 10);
  }
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
console.log(`${text.length} characters, median of ${ROUNDS} interleaved rounds; us per text`);
for (const { name, wall, cpu } of list)
  console.log(
    name.padEnd(26),
    median(wall).toFixed(1).padStart(9),
    median(cpu).toFixed(1).padStart(9),
    `${(median(wall) / median(list[0].wall)).toFixed(3)}x`.padStart(9),
  );
