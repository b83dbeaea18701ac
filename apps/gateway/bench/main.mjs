// node bench/main.mjs [seconds per cell, default 1] [rounds, default 3]
// Requests and stream events per CPU second of the gateway process, beside a bare Node proxy in the same run, in turns.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const SECONDS = Number(process.argv[2] ?? 1);
const ROUNDS = Number(process.argv[3] ?? 3);
const BASELINE = "undici proxy";
const EVENTS_PER_STREAM = 51;
const WARM_REQUESTS = 5000;
const LOADS = [
  { name: "200 B", bytes: 200, connections: 16, unit: "requests", perAnswer: 1 },
  { name: "16 KiB", bytes: 16_384, connections: 16, unit: "requests", perAnswer: 1 },
  { name: "128 KiB", bytes: 131_072, connections: 16, unit: "requests", perAnswer: 1 },
  { name: "streams", bytes: 200, connections: 128, stream: true, unit: "events", perAnswer: EVENTS_PER_STREAM },
];

const children = [];
const start = (script, env = {}) => {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = fork(path, { env: { ...process.env, ...env } });
  children.push(child);
  return child;
};
const reply = (child) =>
  new Promise((resolve, reject) => {
    const failed = (code) => reject(new Error(`a child ended with ${code}`));
    child.once("exit", failed);
    child.once("message", (message) => {
      child.off("exit", failed);
      resolve(message);
    });
  });
const ask = (child, message) => {
  const answer = reply(child);
  child.send(message);
  return answer;
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const { ports } = await reply(start("./engine.mjs"));
const env = { ENGINES: ports.join(",") };
const proxies = [];
for (const [name, script] of [
  [BASELINE, "./proxy-undici.mjs"],
  ["warmpath", "./proxy-warmpath.mjs"],
]) {
  const child = start(script, env);
  proxies.push({ name, child, ...(await reply(child)) });
}
const load = start("./load.mjs");
// Enough requests for the compiler to have seen them all, however busy the machine is.
for (const { port } of proxies) {
  for (const plan of LOADS.slice(0, 2)) {
    for (let answers = 0, tries = 0; answers < WARM_REQUESTS && tries < 10; tries++) {
      answers += (await ask(load, { ...plan, port, ms: 300 })).answers;
    }
  }
}

const cells = new Map();
for (const plan of LOADS) {
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, child, port } of proxies) {
      const before = await ask(child, "cpu");
      const startMs = performance.now();
      const result = await ask(load, { ...plan, port, ms: SECONDS * 1000 });
      const wallS = (performance.now() - startMs) / 1000;
      const after = await ask(child, "cpu");
      const done = result.answers * plan.perAnswer;
      const cell = {
        perCpu: done / ((after.cpuUs - before.cpuUs) / 1e6),
        perS: done / wallS,
        ...result,
        rss: after.rssBytes,
      };
      const key = `${plan.name}|${name}`;
      cells.set(key, [...(cells.get(key) ?? []), cell]);
    }
  }
}

console.log(`Node ${process.version}, medians of ${ROUNDS} rounds of ${SECONDS} s, in turns; ratio to the ${BASELINE}`);
console.log("load      gateway        per CPU s    ratio      per s   p50 ms   p99 ms  RSS MiB");
for (const { name, unit } of LOADS) {
  const of = (proxy, field) => median(cells.get(`${name}|${proxy}`).map((cell) => cell[field]));
  for (const proxy of proxies) {
    const ratio = of(proxy.name, "perCpu") / of(BASELINE, "perCpu");
    const columns = [
      name.padEnd(9),
      proxy.name.padEnd(13),
      `${Math.round(of(proxy.name, "perCpu"))}`.padStart(10),
      ratio.toFixed(2).padStart(8),
      `${Math.round(of(proxy.name, "perS"))}`.padStart(10),
      of(proxy.name, "p50Ms").toFixed(2).padStart(8),
      of(proxy.name, "p99Ms").toFixed(2).padStart(8),
      `${Math.round(of(proxy.name, "rss") / 2 ** 20)}`.padStart(8),
    ];
    console.log(`${columns.join(" ")}  ${unit}`);
  }
}
for (const child of children) child.disconnect();
