// Time of each scorer over 256 candidates. Baseline: `queue-scorer`. Rounds are interleaved.
// Usage: node bench/main.mjs [rounds]
import {
  createActiveRequestScorer,
  createBoundedPrefixScorer,
  createCostProducer,
  createCostScorer,
  createKvCacheUtilizationScorer,
  createPrefixCacheScorer,
  createPrefixLoadScorer,
  createQueueScorer,
} from "@warmpath/scorers";

const ROUNDS = Number(process.argv[2] ?? 25);
const COUNT = 256;
const CALLS = 200;

const candidates = Array.from({ length: COUNT }, (_, slot) => ({
  endpoint: { id: `e${slot}`, slot },
  load: {
    ...{ waitingRequests: slot % 7, runningRequests: slot % 11, kvUtilization: (slot % 10) / 10, trust: 1 },
    ...{ inFlightRequests: slot % 5, inFlightPrefillTokens: slot * 10, inFlightContextTokens: slot * 100 },
  },
}));
const match = {
  promptTokens: 4096,
  matchedTokens: (slot) => (slot % 16) * 256,
  matchedTokensInTier: (slot, tier) => (tier === 0 ? (slot % 16) * 256 : 0),
};
const data = new Map([["prefix-match", match]]);
const context = {
  ...{ request: { body: new Uint8Array(0), maxOutputTokens: 100 }, nowMs: 0, candidates, keys: undefined },
  prompt: { tokenIds: new Uint32Array(4096), exact: true },
  get: ({ type }) => data.get(type),
  set: ({ type }, value) => data.set(type, value),
};
const producer = createCostProducer();
producer.produce(context);

/** The end of a request gives its arrays back. */
function produceAndEnd() {
  producer.produce(context);
  producer.onEnd(context, decision, outcome);
}
const decision = { targets: [candidates[0].endpoint], predictedCachedTokens: 0 };
const outcome = { status: "ok", totalMs: 2, ttftMs: 1, cachedTokens: 0, outputTokens: 100 };

const scorers = [
  createQueueScorer(),
  createKvCacheUtilizationScorer(),
  createActiveRequestScorer(),
  createPrefixCacheScorer(),
  createCostScorer(),
  createBoundedPrefixScorer(),
  createPrefixLoadScorer(),
];
const scores = new Float64Array(COUNT);
const list = [
  ...scorers.map((scorer) => ({ name: scorer.name, run: () => scorer.score(context, candidates, scores) })),
  { name: "cost-producer", run: produceAndEnd },
].map((entry) => ({ ...entry, wall: [], cpu: [] }));

for (const { run } of list) for (let i = 0; i < 500; i++) run();
for (let round = 0; round < ROUNDS; round++)
  for (const { run, wall, cpu } of list) {
    const before = process.cpuUsage();
    const start = process.hrtime.bigint();
    for (let i = 0; i < CALLS; i++) run();
    wall.push(Number(process.hrtime.bigint() - start) / CALLS / 1000);
    const { user, system } = process.cpuUsage(before);
    cpu.push((user + system) / CALLS);
  }

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
console.log(`${COUNT} candidates, median of ${ROUNDS} interleaved rounds; us per request\n`);
console.log("".padEnd(28), "     wall       cpu     ratio");
for (const { name, wall, cpu } of list)
  console.log(
    name.padEnd(28),
    median(wall).toFixed(2).padStart(9),
    median(cpu).toFixed(2).padStart(9),
    `${(median(wall) / median(list[0].wall)).toFixed(2)}x`.padStart(9),
  );
