// usage: node bench/main.mjs [--rounds N]     default 200; the package must be built
import { cpus, loadavg } from "node:os";
import * as hashing from "@warmpath/block-hashing";
import { naiveSha256Cbor } from "./baseline.mjs";
import { makeRuns, TOKENS } from "./workload.mjs";

const BASELINE = "createHash naive";
const rounds = process.argv[2] === "--rounds" ? Number(process.argv[3]) : 200;

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

/**
 * Interleaved, so that other load hits all of them alike. Fast runs are repeated to 0.3 ms:
 * long enough for the CPU clock, short enough that most samples are not preempted.
 */
function measure(runs) {
  const entries = Object.entries(runs).map(([name, run]) => ({ name, run, repeats: 1, wall: [], cpu: [] }));
  for (const entry of entries) {
    for (let i = 0; i < 30; i++) entry.run();
    entry.repeats = Math.max(1, Math.round(300 / timed(entry.run).wall));
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

function check(blockSizeTokens) {
  const hasher = hashing.createVllmHasher({ algorithm: "sha256_cbor", seed: "0", blockSizeTokens });
  const count = Math.floor(TOKENS.length / blockSizeTokens);
  const out = new Uint8Array(32 * count);
  hasher.hashPrompt({ tokens: TOKENS }, out);
  const expected = naiveSha256Cbor(TOKENS, blockSizeTokens, hasher.noneHash);
  if (Buffer.compare(out.subarray(-32), expected) !== 0) throw new Error("the baseline has another digest");
  return hasher.noneHash;
}

function table(blockSizeTokens) {
  const noneHash = check(blockSizeTokens);
  const runs = { [BASELINE]: () => naiveSha256Cbor(TOKENS, blockSizeTokens, noneHash) };
  Object.assign(runs, makeRuns(hashing, blockSizeTokens, TOKENS));
  const results = measure(runs);
  const base = results.find(({ name }) => name === BASELINE).cpu;
  const blocks = Math.floor(TOKENS.length / blockSizeTokens);
  console.log(
    `\nblock size ${blockSizeTokens}, 10,000 tokens, ${blocks} blocks; ns/block and ratio by CPU time; ratio to "${BASELINE}" (sha256_cbor)`,
  );
  console.log("hash                     µs/10k tokens   CPU µs   ns/block    ratio");
  for (const { name, wall, cpu } of results) {
    const figures = [
      wall.toFixed(1).padStart(13),
      cpu.toFixed(1).padStart(8),
      ((cpu * 1000) / blocks).toFixed(1).padStart(10),
    ];
    console.log(`${name.padEnd(25)}${figures.join(" ")} ${(cpu / base).toFixed(4).padStart(8)}`);
  }
}

console.log(
  `Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, medians of ${rounds} rounds`,
);
for (const size of [16, 64]) table(size);
