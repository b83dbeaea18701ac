// Decoding and receiving of KV event batches. One process, interleaved rounds, medians; `--seconds N` scales the rounds.
import { decode, encode } from "@msgpack/msgpack";
import { createKvEventPublisher, decodeKvEventBatch, encodeKvEventBatch, subscribeKvEvents } from "@warmpath/kv-events";

const flag = process.argv.indexOf("--seconds");
const secondsPerCase = flag > 0 ? Number(process.argv[flag + 1]) : 1;
const EVENTS = 64;
const ROUND_MS = 10;

const clock = {
  nowMs: () => performance.now(),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
const logger = { debug() {}, info() {}, warn() {}, error: console.error };

/** 64 store events of 16 tokens: vLLM's array form before 0.24, hashes as integers or as digests of 32 bytes. */
function arrayBatch(digests) {
  const events = Array.from({ length: EVENTS }, (_, i) => {
    const hash = digests
      ? Uint8Array.from({ length: 32 }, (_, k) => (k * 7 + i * 13) & 255)
      : 0xfedcba9876543210n + BigInt(i);
    const tokens = Array.from({ length: 16 }, (_, k) => (1000 + i * 37 + k * 911) % 120000);
    return ["BlockStored", [hash], hash, tokens, 16, null, "GPU"];
  });
  return encode([1700000000.5, events, 0], { useBigInt64: true });
}

/** The same events as vLLM 0.32 publishes them. */
function mapBatch() {
  const batch = decodeKvEventBatch(arrayBatch(false));
  return encodeKvEventBatch(batch, { form: "map", hashes: "int" });
}

function measure(action) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let runs = 0;
  do {
    for (let i = 0; i < 20; i++) action();
    runs += 20;
  } while (performance.now() - start < ROUND_MS);
  const used = process.cpuUsage(cpu);
  return { wallUs: ((performance.now() - start) * 1000) / runs, cpuUs: (used.user + used.system) / runs };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** Runs the candidates in turns and prints a row for each; the first is the baseline. */
function compare(title, candidates) {
  const rounds = Math.max(5, Math.round((secondsPerCase * 1000) / (ROUND_MS * candidates.length)));
  const times = candidates.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, [, action]] of candidates.entries()) times[i].push(measure(action));
  }
  console.log(`\n${title} (${rounds} interleaved rounds)`);
  const base = median(times[0].map((time) => time.cpuUs));
  for (const [i, [name]] of candidates.entries()) {
    const wall = median(times[i].map((time) => time.wallUs));
    const cpu = median(times[i].map((time) => time.cpuUs));
    const row = [
      `${wall.toFixed(1)} us wall`,
      `${cpu.toFixed(1)} us CPU`,
      `${(EVENTS / cpu).toFixed(2)} M events/CPU s`,
    ];
    console.log(`  ${name.padEnd(42)}${row.map((cell) => cell.padStart(22)).join("")}   x${(base / cpu).toFixed(2)}`);
  }
}

function compareDecoders(title, payload) {
  compare(`decode ${title}, ${EVENTS} events, ${payload.length} bytes`, [
    ["@msgpack/msgpack (baseline)", () => decode(payload, { useBigInt64: true })],
    ["decodeKvEventBatch", () => decodeKvEventBatch(payload)],
  ]);
}

/** Messages per second from our publisher through ZMQ to the sink, in one process. */
async function receive(title, payload, count) {
  const publisher = await createKvEventPublisher({ endpoint: "tcp://127.0.0.1:0", bufferSteps: 0 });
  let received = 0;
  const sink = { apply: () => void received++, reset() {} };
  const address = { publish: publisher.endpoint, replay: undefined, topic: "" };
  const subscription = subscribeKvEvents({ address, source: { slot: 0, rank: 0, model: "m" }, sink, clock, logger });
  while (!subscription.state.connected) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let sent = 0; sent < count; sent++) {
    publisher.publish(payload);
    // Not further ahead than an engine's queue, and the loop gets its turn.
    if (sent % 200 === 199) while (sent - received > 2000) await new Promise((resolve) => setImmediate(resolve));
  }
  while (received < count && performance.now() - start < 15_000) await new Promise((resolve) => setImmediate(resolve));
  const wall = performance.now() - start;
  const used = process.cpuUsage(cpu);
  const cpuUs = (used.user + used.system) / received;
  console.log(
    `  ${title.padEnd(34)} ${`${Math.round(received / (wall / 1000))} msg/s`.padStart(17)}${`${cpuUs.toFixed(1)} us CPU`.padStart(17)}` +
      `${`${subscription.state.lostBatches} lost`.padStart(17)}`,
  );
  await subscription.close();
  await publisher.close();
}

console.log(
  `Node ${process.version}; the baseline is the first row of each table; xN = the baseline's CPU time over its own.`,
);
compareDecoders("arrays, integer hashes", arrayBatch(false));
compareDecoders("arrays, 32-byte hashes", arrayBatch(true));
compareDecoders("maps (vLLM 0.32)", mapBatch());

const batch = decodeKvEventBatch(arrayBatch(false));
compare(`encode ${EVENTS} events`, [
  [
    "@msgpack/msgpack, plain arrays (baseline)",
    (
      (value) => () =>
        encode(value, { useBigInt64: true })
    )(decode(arrayBatch(false), { useBigInt64: true })),
  ],
  ["encodeKvEventBatch, arrays", () => encodeKvEventBatch(batch, { form: "array", hashes: "int" })],
  ["encodeKvEventBatch, maps", () => encodeKvEventBatch(batch, { form: "map", hashes: "int" })],
]);

console.log(
  "\npublish, receive and decode over loopback (publisher and subscriber in this process; CPU is that of both)",
);
const one = encodeKvEventBatch({ ...batch, events: batch.events.slice(0, 1) }, { form: "map", hashes: "int" });
await receive(`1 event, ${one.length} bytes`, one, Math.round(20_000 * secondsPerCase));
await receive(`64 events, ${mapBatch().length} bytes`, mapBatch(), Math.round(5_000 * secondsPerCase));
