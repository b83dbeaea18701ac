// Virtual time: how fast a fleet simulates, with and without a listener for events. One run of each a round, interleaved.
// usage: node bench/main.mjs [requests = 4000] [rounds = 3]
import { createVirtualFleet } from "@warmpath/engine-sim";
import { conversations, mulberry32 } from "./workloads.mjs";

const requests = Number(process.argv[2] ?? 4000);
const rounds = Number(process.argv[3] ?? 3);
const load = conversations(requests, 42);

const CASES = [
  { name: "no listener (baseline)", listen: undefined },
  { name: "events", listen: () => undefined },
  {
    name: "events with tokens",
    listen: (batch) => {
      for (const event of batch.events) if (event.kind === "stored") event.tokenIds.at(-1);
    },
  },
];

function simulate(onEvents) {
  const random = mulberry32(7);
  const fleet = createVirtualFleet({ replicas: 8, replica: { blocks: 1001, blockSizeTokens: 512 }, onEvents });
  for (const { atMs, request } of load)
    fleet.schedule(atMs, () => fleet.submit({ ...request }, Math.floor(random() * 8)));
  fleet.run();
  const sum = (field) => Array.from({ length: 8 }, (_, i) => fleet.counters(i)[field]).reduce((a, b) => a + b, 0);
  return {
    steps: sum("steps"),
    finished: sum("finished"),
    generated: sum("generatedTokens"),
    simulatedMs: fleet.nowMs(),
  };
}

function measure(onEvents) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = simulate(onEvents);
  const used = process.cpuUsage(cpu);
  return { wallMs: performance.now() - start, cpuMs: (used.user + used.system) / 1000, ...result };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const samples = new Map(CASES.map(({ name }) => [name, []]));
for (let round = 0; round < rounds; round++)
  for (const { name, listen } of CASES) samples.get(name).push(measure(listen));

const baseline = median(samples.get(CASES[0].name).map((sample) => sample.cpuMs));
const [first] = samples.get(CASES[0].name);
console.log(
  `${requests} requests over 8 replicas: ${first.steps} steps, ${first.generated} tokens, ${Math.round(first.simulatedMs / 1000)} s simulated`,
);
console.log("case                    wall ms   CPU ms   ratio   us per step");
for (const [name, list] of samples) {
  const cpuMs = median(list.map((sample) => sample.cpuMs));
  const wallMs = median(list.map((sample) => sample.wallMs));
  const row = [
    wallMs.toFixed(0).padStart(9),
    cpuMs.toFixed(0).padStart(9),
    (cpuMs / baseline).toFixed(2).padStart(8),
    ((cpuMs * 1000) / list[0].steps).toFixed(2).padStart(14),
  ];
  console.log(name.padEnd(22) + row.join(""));
}
