// The index against a plain Map (shared/bench/index/naive.mjs where that is there, else its like below), and the cost of
// whole events. `node bench/main.mjs [--rounds N] [--workers 8,64,1000] [--python PYTHON]`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createKvIndex } from "@warmpath/kv-index";
import { benchEvents } from "./events.mjs";
import { createReplay } from "./replay.mjs";
import { readWorkload } from "./workload.mjs";

const shared = fileURLToPath(new URL("../../../../shared/", import.meta.url));
const bench = join(shared, "bench/index");
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    workers: { type: "string", default: "8,64,1000" },
    python: { type: "string" },
  },
});
const capacity = { 8: 16384, 64: 2048, 1000: 256 };

/** A Python with what the workload generator imports: the one that was named, else one of our own, made once. */
function findPython() {
  if (values.python !== undefined) return values.python;
  const cache =
    process.env.WARMPATH_CACHE_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "warmpath");
  const home = join(cache, "bench-python");
  const python = join(home, "bin", "python");
  const imports = () => spawnSync(python, ["-c", "import numpy, xxhash"]).status === 0;
  if (imports()) return python;
  console.log("making a Python environment with numpy and xxhash, once");
  spawnSync("python3", ["-m", "venv", home]);
  spawnSync(python, ["-m", "pip", "install", "-q", "numpy", "xxhash"]);
  return imports() ? python : "python3";
}

function makeWorkload(folder, workers, python) {
  const path = join(folder, `w${workers}-s.bin`);
  const trace = join(shared, "traces/mooncake-conversation.jsonl");
  const sizes = ["--workers", workers, "--capacity", capacity[workers], "--expand", 1, "--copies", 2].map(String);
  const made = spawnSync(python, [join(bench, "gen.py"), trace, path, ...sizes], { encoding: "utf8" });
  if (made.status === 0) return path;
  console.log(`w${workers}-s: not made (${made.stderr.trim().split("\n").at(-1)}); --python needs numpy and xxhash`);
  return undefined;
}

const naiveDriver = join(bench, "naive.mjs");
const ourDriver = fileURLToPath(new URL("driver.mjs", import.meta.url));

/** One round of a driver in a process of its own. */
function drive(driver, path) {
  const ran = spawnSync(process.execPath, ["--expose-gc", driver, path, "1"], { encoding: "utf8" });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout);
}

const best = (rows, field) => Math.max(...rows.map((row) => row[field]));
const least = (rows, field) => Math.min(...rows.map((row) => row[field]));
const millions = (n) => (n / 1e6).toFixed(2);

function compare(path) {
  const replay = createReplay(path, readWorkload(path), createKvIndex);
  const naive = [];
  for (let i = 0; i < Number(values.rounds); i++) {
    replay.round();
    if (i < 2) naive.push(drive(naiveDriver, path));
  }
  const ours = { ...replay.report(), bytes_per_pair: drive(ourDriver, path).bytes_per_pair };
  const same = JSON.stringify(ours.digest) === JSON.stringify(naive[0].digest);
  const ratio = (field) => `${(ours[field] / best(naive, field)).toFixed(1)}x`;
  return {
    workload: ours.workload,
    digests: same ? "equal" : "DIFFER",
    "store Mblk/s": `${millions(ours.store_blocks_per_s)} (${ratio("store_blocks_per_s")})`,
    "remove Mblk/s": `${millions(ours.remove_blocks_per_s)} (${ratio("remove_blocks_per_s")})`,
    "look-ups M/s": `${millions(ours.lookups_per_s)} (${ratio("lookups_per_s")})`,
    "p50 µs": `${ours.lookup_p50_us} : ${least(naive, "lookup_p50_us")}`,
    "all Mblk/s": `${millions(ours.block_ops_per_s)} (${ratio("block_ops_per_s")})`,
    "by CPU": millions(ours.cpu_block_ops_per_s),
    "clear ms": `${ours.clear_ms} : ${least(naive, "clear_ms")}`,
    "bytes/pair": `${ours.bytes_per_pair} : ${least(naive, "bytes_per_pair")}`,
  };
}

console.log("\nwhole events: tokens hashed, engine hash and key stored or removed; one thread, blocks of 16 tokens");
console.table(benchEvents());

if (!existsSync(bench)) console.log("../shared is not there: the workloads of its index bench are skipped");
else {
  const folder = mkdtempSync(join(tmpdir(), "kv-index-"));
  try {
    const python = findPython();
    const paths = values.workers.split(",").map((workers) => makeWorkload(folder, workers, python));
    console.log("\nworkloads of the index bench, size s: ours (times as fast as naive-js), or ours : naive-js");
    console.table(paths.filter((path) => path !== undefined).map(compare));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
