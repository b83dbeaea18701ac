// Replays a workload into an index by the rules of the index bench: every operation timed by itself, arguments made and
// results read outside the timed part, the smallest time of each operation over the rounds.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createPrefixMatches } from "@warmpath/kv-index";
import { CLEAR, LOOKUP, MARK, REMOVE, STORE } from "./workload.mjs";

const clock = { nowMs: () => performance.now(), schedule: () => () => {} };
/** The workloads bring their own keys. */
const hasher = { contractVersion: 1, algorithm: "none", append: () => 0 };

const residentBytes = () => Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]) * 4096;

function mix(i, worker, depth) {
  let x = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(worker + 1, 0x85ebca6b) ^ Math.imul(depth, 0xc2b2ae35);
  x ^= x >>> 15;
  x = Math.imul(x, 0x2c1b3c6d);
  return x ^ (x >>> 12);
}

function readMatches(matches, lookup, digest) {
  let deepest = 0;
  for (let i = 0; i < matches.count; i++) {
    const depth = matches.blocks[i];
    if (depth > deepest) deepest = depth;
    digest.sum_all += depth;
    digest.fp32 = (digest.fp32 + mix(lookup, matches.slots[i], depth)) >>> 0;
  }
  digest.holders += matches.count;
  digest.sum_max += deepest;
}

function copyKeys(load, at, count, words) {
  for (let i = 0; i < count; i++) {
    const block = load.refs[at + i];
    words[2 * i] = load.seq[2 * block];
    words[2 * i + 1] = load.seq[2 * block + 1];
  }
}

/** One replay into a fresh index; lowers `best[operation]` and returns the digest and the memory at MARK. */
function playRound(load, best, create, options) {
  globalThis.gc?.();
  const before = residentBytes();
  const index = create({ hasher, clock, maxEndpoints: load.workers, ...options });
  const matches = createPrefixMatches(load.workers);
  const keys = { words: new Uint32Array(1 << 16), count: 0, blockSizeTokens: 16 };
  const digest = { sum_max: 0, sum_all: 0, holders: 0, fp32: 0 };
  let at = 0;
  let lookups = 0;
  let grown = 0;
  for (let o = 0; o < load.operations; o++) {
    const count = load.count[o];
    const worker = load.worker[o];
    if (2 * count > keys.words.length) keys.words = new Uint32Array(4 * count);
    copyKeys(load, at, count, keys.words);
    keys.count = count;
    at += count;
    let start = 0;
    let end = 0;
    switch (load.code[o]) {
      case LOOKUP:
        start = performance.now();
        index.lookup(keys, matches);
        end = performance.now();
        readMatches(matches, lookups++, digest);
        break;
      case STORE:
        start = performance.now();
        index.applyStored(worker, 0, keys.words, 0, count);
        end = performance.now();
        break;
      case REMOVE:
        start = performance.now();
        index.applyRemoved(worker, 0, keys.words, 0, count);
        end = performance.now();
        break;
      case CLEAR:
        start = performance.now();
        index.removeEndpoint(worker);
        end = performance.now();
        break;
      case MARK:
        globalThis.gc?.();
        grown = residentBytes() - before;
        break;
    }
    if (end - start < best[o]) best[o] = end - start;
  }
  index.close();
  return { digest, grown };
}

const rate = (blocks, ms) => Math.round(blocks / (ms / 1e3));

/** A replay of one workload, round by round, so that several can take turns. `create` is `createKvIndex`. */
export function createReplay(path, load, create, options = {}) {
  const best = new Float64Array(load.operations).fill(Number.POSITIVE_INFINITY);
  let rounds = 0;
  let cpuMs = 0;
  let wall = 0;
  let grown = 0;
  let digest;
  return {
    round() {
      const cpu = process.cpuUsage();
      const started = performance.now();
      const result = playRound(load, best, create, options);
      const used = process.cpuUsage(cpu);
      const usedMs = (used.user + used.system) / 1e3;
      cpuMs = rounds === 0 ? usedMs : Math.min(cpuMs, usedMs);
      digest = result.digest;
      if (rounds++ > 0) return;
      grown = result.grown;
      wall = (performance.now() - started) / 1e3;
    },
    /** The fields of the bench's driver contract. */
    report: () => report(path, load, rounds, best, { digest, grown, wall, cpuMs }),
  };
}

function report(path, load, rounds, best, { digest, grown, wall, cpuMs }) {
  const ms = new Float64Array(6);
  const blocks = new Float64Array(6);
  const operations = new Float64Array(6);
  const times = [];
  for (let o = 0; o < load.operations; o++) {
    const code = load.code[o];
    ms[code] += best[o];
    blocks[code] += load.count[o];
    operations[code]++;
    if (code === LOOKUP) times.push(best[o]);
  }
  times.sort((a, b) => a - b);
  const percentile = (p) => Number((times[Math.floor(times.length * p)] * 1e3).toFixed(2));
  const all = blocks[LOOKUP] + blocks[STORE] + blocks[REMOVE];
  return {
    peer: "warmpath",
    workload: basename(path, ".bin"),
    W: load.workers,
    pairs: load.pairs,
    rounds,
    stores: operations[STORE],
    store_blocks: blocks[STORE],
    store_blocks_per_s: rate(blocks[STORE], ms[STORE]),
    removes: operations[REMOVE],
    remove_blocks: blocks[REMOVE],
    remove_blocks_per_s: rate(blocks[REMOVE], ms[REMOVE]),
    event_blocks_per_s: rate(blocks[STORE] + blocks[REMOVE], ms[STORE] + ms[REMOVE]),
    lookups: operations[LOOKUP],
    lookup_blocks: blocks[LOOKUP],
    lookups_per_s: rate(operations[LOOKUP], ms[LOOKUP]),
    lookup_p50_us: percentile(0.5),
    lookup_p99_us: percentile(0.99),
    block_ops_per_s: rate(all, ms[LOOKUP] + ms[STORE] + ms[REMOVE]),
    cpu_block_ops_per_s: rate(all, cpuMs),
    clear_ms: Number(ms[CLEAR].toFixed(3)),
    rss_growth: grown,
    bytes_per_pair: Number((grown / load.pairs).toFixed(1)),
    errors: 0,
    wall_s: Number(wall.toFixed(2)),
    digest,
  };
}
