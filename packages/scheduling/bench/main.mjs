// Time of one decision: 16 and 256 endpoints, prompts of 1k, 16k and 100k tokens, ids given (no tokenizer).
// Baseline: `random`, the same director without hashing, look-up or scores. Rounds of all variants are interleaved.
// Usage: node bench/main.mjs [rounds]
import { createNativeHasher } from "@warmpath/block-hashing";
import { createFleet } from "@warmpath/fleet";
import { parseRequest } from "@warmpath/inference-api";
import { createKvIndex } from "@warmpath/kv-index";
import { createDirector } from "@warmpath/scheduling";
// The policies stand one floor above; a benchmark may look up the stairs.
import { createPolicyPlugins } from "../../scorers/dist/index.js";

const ROUNDS = Number(process.argv[2] ?? 15);
const clock = { nowMs: () => performance.now(), schedule: () => () => {} };
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const random = { next: Math.random };
const metrics = {
  waitingRequests: 1,
  runningRequests: 4,
  kvUtilization: 0.5,
  kvBlocksTotal: 1e5,
  engineBlockSizeTokens: 16,
};
const request = parseRequest({
  api: "completions",
  id: "bench",
  body: new TextEncoder().encode('{"model":"m","prompt":"x","max_tokens":16}'),
});
const outcome = { status: "ok", httpStatus: 200, totalMs: 1 };

/** A director whose every endpoint holds a part of the prompt, from an eighth of it to seven eighths. */
function house(endpoints, tokens, policy) {
  const fleet = createFleet({ clock, logger, polling: false, staleAfterMs: 1e9 });
  const hasher = createNativeHasher({ blockSizeTokens: 16 });
  const index = policy === "random" ? undefined : createKvIndex({ hasher, clock, maxBytes: 2 ** 26 });
  const tokenIds = Uint32Array.from({ length: tokens }, (_, i) => (i * 2654435761) >>> 0);
  const keys = { words: new Uint32Array(2), count: 0, blockSizeTokens: 16 };
  hasher.append({ tokens: tokenIds, fromToken: 0, toToken: tokens, scope: { model: "m" } }, keys);
  for (let i = 0; i < endpoints; i++) {
    const { slot } = fleet.add({ url: `http://10.0.0.1:${8000 + i}`, models: ["m"], ready: true });
    fleet.report(slot, metrics);
    index?.applyStored(slot, 0, keys.words, 0, Math.floor((keys.count * (1 + (i % 7))) / 8));
  }
  const prompt = { tokenIds, exact: true, source: "client", multimodal: [] };
  const tokenizer = { contractVersion: 1, name: "given", tokenize: () => prompt };
  const plugins = createPolicyPlugins(policy, { random });
  const director = createDirector({ ...plugins, fleet, index, tokenizer, hasher, clock, random, logger });
  const matches = {
    count: 0,
    slots: new Uint32Array(512),
    blocks: new Uint32Array(512),
    tierBlocks: new Uint32Array(1536),
  };
  return {
    decide: () => director.schedule(request).end(outcome),
    hash: () => {
      keys.count = 0;
      hasher.append({ tokens: tokenIds, fromToken: 0, toToken: tokens, scope: { model: "m" } }, keys);
    },
    lookUp: () => index.lookup(keys, matches),
  };
}

function variants(endpoints, tokens) {
  const cost = house(endpoints, tokens, "cost");
  return [
    { name: "random (baseline)", run: house(endpoints, tokens, "random").decide },
    { name: "cost: whole decision", run: cost.decide },
    { name: "  of it hashing", run: cost.hash },
    { name: "  of it look-up", run: cost.lookUp },
    { name: "cost, prompt of 8 tokens", run: house(endpoints, 8, "cost").decide },
  ].map((variant) => ({ ...variant, wall: [], cpu: [] }));
}

/** Median of ns per call over rounds of about 2 ms. */
function measure(list) {
  for (const variant of list) for (let i = 0; i < 300; i++) variant.run();
  for (let round = 0; round < ROUNDS; round++)
    for (const variant of list) {
      variant.calls ??= Math.max(5, Math.ceil(2e6 / time(variant.run, 5)));
      const before = process.cpuUsage();
      variant.wall.push(time(variant.run, variant.calls));
      const { user, system } = process.cpuUsage(before);
      variant.cpu.push(((user + system) * 1000) / variant.calls);
    }
}

function time(run, calls) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) run();
  return Number(process.hrtime.bigint() - start) / calls;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const us = (ns) => (ns / 1000).toFixed(2).padStart(9);

console.log(`median of ${ROUNDS} interleaved rounds; us per call\n`);
for (const endpoints of [16, 256])
  for (const tokens of [1_000, 16_000, 100_000]) {
    const list = variants(endpoints, tokens);
    measure(list);
    const base = median(list[0].wall);
    console.log(`${endpoints} endpoints, ${tokens} tokens`.padEnd(30), "     wall       cpu     ratio");
    for (const { name, wall, cpu } of list)
      console.log(
        ` ${name.padEnd(29)}`,
        us(median(wall)),
        us(median(cpu)),
        `${(median(wall) / base).toFixed(2)}x`.padStart(9),
      );
  }
