// Whole event batches through `apply`: what a router pays for one engine's stream.
import { createNativeHasher } from "@warmpath/block-hashing";
import { createKvIndex, createPrefixMatches } from "@warmpath/kv-index";

const BLOCK = 16;
const BLOCKS = 64;
const PROMPTS = 1500;
const ROUNDS = 5;

const clock = { nowMs: () => performance.now(), schedule: () => () => {} };

function stored(prompt) {
  const tokenIds = Uint32Array.from({ length: BLOCK * BLOCKS }, (_, i) => (prompt * 7919 + i * 31) % 150_000);
  const blockHashes = Uint32Array.from({ length: 2 * BLOCKS }, (_, i) =>
    Math.imul(prompt * 2 * BLOCKS + i + 1, 0x9e3779b1),
  );
  return {
    kind: "stored",
    blockHashes,
    parentHash: undefined,
    tokenIds,
    blockSizeTokens: BLOCK,
    medium: "GPU",
    groupIndex: 0,
  };
}

/** Removals as vLLM publishes them: one hash an event, from the tail. */
function removals({ blockHashes }) {
  const events = [];
  for (let i = blockHashes.length - 2; i >= 0; i -= 2) {
    events.push({ kind: "removed", blockHashes: blockHashes.slice(i, i + 2), medium: "GPU", groupIndex: 0 });
  }
  return events;
}

const batch = (events) => ({ timestampSeconds: 0, events, dataParallelRank: 0, malformedEvents: 0 });
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

function timed(rows, name, run) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  run();
  const wallMs = performance.now() - start;
  const used = process.cpuUsage(cpu);
  rows[name] ??= { wall: [], cpu: [] };
  rows[name].wall.push(wallMs);
  rows[name].cpu.push((used.user + used.system) / 1e3);
}

function round(rows, events, stores, removes) {
  const hasher = createNativeHasher({ blockSizeTokens: BLOCK });
  const index = createKvIndex({ hasher, clock, expectedBlocks: PROMPTS * BLOCKS });
  const sources = [0, 1, 2, 3].map((slot) => ({ slot, rank: 0, model: "m" }));
  const each = (run) => {
    for (const [i, event] of events.entries()) run(sources[i % 4], event, i);
  };
  const keys = { words: new Uint32Array(2 * BLOCKS), count: 0, blockSizeTokens: BLOCK };
  const matches = createPrefixMatches();
  const hash = (event) => {
    keys.count = 0;
    hasher.append(
      { tokens: event.tokenIds, fromToken: 0, toToken: event.tokenIds.length, scope: { model: "m" } },
      keys,
    );
  };
  timed(rows, "hash alone", () => each((_, event) => hash(event)));
  timed(rows, "store", () => each((source, _, i) => index.apply(source, stores[i])));
  timed(rows, "hash and look up", () =>
    each((_, event) => {
      hash(event);
      index.lookup(keys, matches);
    }),
  );
  timed(rows, "book", () =>
    each((_, event, i) => {
      hash(event);
      index.book(8 + (i % 4), keys, BLOCKS, 2000);
    }),
  );
  timed(rows, "remove", () => each((source, _, i) => index.apply(source, removes[i])));
  index.close();
}

/** Medians over the rounds, ns per block, wall and CPU, and the ratio to hashing alone. */
export function benchEvents() {
  const events = Array.from({ length: PROMPTS }, (_, i) => stored(i));
  const rows = {};
  const stores = events.map((event) => batch([event]));
  const removes = events.map((event) => batch(removals(event)));
  for (let i = 0; i < ROUNDS; i++) round(rows, events, stores, removes);
  const perBlock = (ms) => (ms * 1e6) / (PROMPTS * BLOCKS);
  const base = median(rows["hash alone"].wall);
  return Object.fromEntries(
    Object.entries(rows).map(([name, { wall, cpu }]) => [
      name,
      {
        "ns/block": perBlock(median(wall)).toFixed(1),
        "CPU ns/block": perBlock(median(cpu)).toFixed(1),
        "Mblk/s": (1e3 / perBlock(median(wall))).toFixed(2),
        "to hash alone": (median(wall) / base).toFixed(2),
      },
    ]),
  );
}
