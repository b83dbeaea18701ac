// What reading costs, beside JSON.parse of the same bytes, interleaved in one run. `node bench/main.mjs` after a build.
import { createAnswerReader, parseRequest } from "@warmpath/inference-api";

const ROUNDS = 11;
const ROUND_MS = 8;
const WARM_UP_ROUNDS = 6;
const id = "bench";

/** Nanoseconds a call: wall and CPU, the medians over rounds in which the contenders take turns. */
function measure(contenders) {
  const samples = new Map(Object.keys(contenders).map((name) => [name, { wall: [], cpu: [] }]));
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const { wall, cpu } = time(run);
      if (round < 0) continue;
      samples.get(name).wall.push(wall);
      samples.get(name).cpu.push(cpu);
    }
  }
  return new Map([...samples].map(([name, { wall, cpu }]) => [name, { wall: median(wall), cpu: median(cpu) }]));
}

function time(run) {
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  for (let batch = 1; elapsed < ROUND_MS; batch *= 2) {
    for (let i = 0; i < batch; i++) run();
    calls += batch;
    elapsed = performance.now() - start;
  }
  const cpu = process.cpuUsage(cpuStart);
  return { wall: (elapsed * 1e6) / calls, cpu: ((cpu.user + cpu.system) * 1e3) / calls };
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function row(...cells) {
  console.log(cells.map((cell, i) => (i === 0 ? String(cell).padEnd(40) : String(cell).padStart(12))).join(""));
}

function report(name, results, baseline) {
  const base = results.get(baseline);
  for (const [contender, { wall, cpu }] of results) {
    row(`${name} ${contender}`, Math.round(wall), Math.round(cpu), (cpu / base.cpu).toFixed(3));
  }
}

const CODE = 'He said "wait".\nfunction f(a) {\n\treturn a + 1; // naïve, 日本\n}\n';
const PROSE = `A reader is distracted by the readable content of a page.\nThe point of using "Lorem Ipsum" is its distribution.\n`;

/** A chat of turns: prose, or code with an escape every eleven bytes. */
function chatBody(bytes, write, text = CODE) {
  const turn = text.repeat(10);
  const messages = [{ role: "system", content: "You are terse." }];
  const body = { model: "fake", messages, stream: true, stream_options: { include_usage: true } };
  for (let i = 0; Buffer.byteLength(write(body)) < bytes; i++) {
    const content = bytes < 1000 ? "word " : turn;
    messages.push({ role: i % 2 ? "assistant" : "user", content });
  }
  return Buffer.from(write(body));
}

/** One long plain text. */
function textBody(bytes) {
  const text = "The quick brown fox jumps over the lazy dog. ".repeat(Math.ceil(bytes / 45));
  return Buffer.from(JSON.stringify({ model: "fake", prompt: text.slice(0, Math.max(8, bytes - 60)), stream: true }));
}

function tokensBody(bytes) {
  const prompt = Array.from({ length: bytes / 6 }, (_, i) => 10000 + ((i * 7919) % 89999));
  return Buffer.from(JSON.stringify({ model: "fake", prompt, max_tokens: 4 }));
}

/** As Python's json.dumps writes: spaces, and escapes for all that is not ASCII. */
function python(value) {
  return JSON.stringify(value)
    .replace(/":/g, '": ')
    .replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function events(count) {
  const chunk = (delta, finish) =>
    `data: {"id":"chatcmpl-892718e0296d78fe","object":"chat.completion.chunk","created":1795610135,"model":"tiny","choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish},"token_ids":null}]}\n\n`;
  const list = [chunk('{"role":"assistant","content":""}', "null")];
  for (let i = 0; i < count; i++) list.push(chunk(`{"content":" word${i}"}`, "null"));
  list.push(
    chunk('{"content":"."}', '"stop"'),
    'data: {"choices":[],"usage":{"prompt_tokens":30,"completion_tokens":4}}\n\n',
  );
  return [...list, "data: [DONE]\n\n"].map((text) => Buffer.from(text));
}

console.log(`Node ${process.version}, ${ROUNDS} rounds, medians. ns a call; ratio of CPU time to JSON.parse.`);
row("case", "wall ns", "CPU ns", "ratio");
for (const [label, bytes] of [
  ["200 B", 200],
  ["16 KiB", 16384],
  ["128 KiB", 131072],
  ["1 MiB", 1048576],
]) {
  const cases = [
    ["chat, prose", "chat", chatBody(bytes, JSON.stringify, PROSE)],
    ["chat, code", "chat", chatBody(bytes, JSON.stringify)],
    ["chat, code, escaped", "chat", chatBody(bytes, python)],
    ["text", "completions", textBody(bytes)],
    ...(bytes > 200 ? [["token ids", "completions", tokensBody(bytes)]] : []),
  ];
  for (const [name, api, body] of cases) {
    report(
      `${label} ${name}`,
      measure({ parseRequest: () => parseRequest({ api, body, id }), "JSON.parse": () => JSON.parse(body.toString()) }),
      "JSON.parse",
    );
  }
}

const stream = events(500);
const perEvent = (results) =>
  new Map([...results].map(([name, t]) => [name, { wall: t.wall / stream.length, cpu: t.cpu / stream.length }]));
report(
  "SSE event",
  perEvent(
    measure({
      answerReader: () => {
        const reader = createAnswerReader({ stream: true });
        for (const event of stream) reader.push(event);
        return reader.end();
      },
      "JSON.parse": () => {
        for (const event of stream) if (event.length > 20) JSON.parse(event.toString("utf8", 6));
      },
    }),
  ),
  "JSON.parse",
);
