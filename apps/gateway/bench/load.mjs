// Closed loop over kept connections: each sends its next request when the last answer is whole.
import { connect } from "node:net";

function bodies({ bytes, stream }) {
  return Array.from({ length: 32 }, (_, i) => {
    const fields = { model: "fake", stream: stream || undefined, messages: [{ role: "user", content: `${i} ` }] };
    const missing = Math.max(0, bytes - JSON.stringify(fields).length);
    fields.messages[0].content += "lorem ipsum dolor ".repeat(Math.ceil(missing / 18)).slice(0, missing);
    const body = JSON.stringify(fields);
    return Buffer.from(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nAuthorization: Bearer k\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
}

/** Offset behind the first whole answer in `bytes`, -1 while it is not whole; counts events of a stream. */
function answerEnd(bytes, stream) {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return -1;
  if (stream) return bytes.subarray(-5).equals(Buffer.from("0\r\n\r\n")) ? bytes.length : -1;
  const length = Number(/content-length: *(\d+)/i.exec(bytes.toString("latin1", 0, head))[1]);
  return bytes.length >= head + 4 + length ? head + 4 + length : -1;
}

function connection(state, plan, wire) {
  return new Promise((resolve, reject) => {
    const socket = connect(plan.port, "127.0.0.1");
    let parts = [];
    let sentMs = 0;
    const next = () => {
      if (performance.now() > state.endMs) {
        socket.destroy();
        return resolve();
      }
      parts = [];
      sentMs = performance.now();
      socket.write(wire[state.sent++ % wire.length]);
    };
    socket.setNoDelay(true);
    socket.on("connect", next);
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      parts.push(bytes);
      // A stream's end is looked for in its last bytes only.
      const all = plan.stream && parts.length > 1 ? Buffer.concat([parts[0], bytes]) : Buffer.concat(parts);
      if (answerEnd(all, plan.stream) < 0) return;
      if (!all.subarray(0, 15).equals(Buffer.from("HTTP/1.1 200 OK"))) return reject(new Error(all.toString()));
      state.latencies.push(performance.now() - sentMs);
      next();
    });
  });
}

process.on("message", async (plan) => {
  const wire = bodies(plan);
  const state = { sent: 0, endMs: performance.now() + plan.ms, latencies: [] };
  await Promise.all(Array.from({ length: plan.connections }, () => connection(state, plan, wire)));
  const sorted = state.latencies.sort((a, b) => a - b);
  process.send({
    answers: sorted.length,
    p50Ms: sorted[sorted.length >> 1],
    p99Ms: sorted[Math.floor(sorted.length * 0.99)],
  });
});
process.on("disconnect", () => process.exit(0));
