// Fake engines: four listeners in one process, answers from memory, no look at the body beyond "stream".
import { createServer } from "node:net";

const MODELS = JSON.stringify({ object: "list", data: [{ id: "fake", object: "model", max_model_len: 1048576 }] });
const USAGE =
  '"usage":{"prompt_tokens":100,"completion_tokens":16,"total_tokens":116,"prompt_tokens_details":{"cached_tokens":0}}';
const ANSWER = `{"id":"c1","object":"chat.completion","created":1,"model":"fake","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"logprobs":null,"finish_reason":"stop"}],${USAGE}}`;
const EVENT = `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[{"index":0,"delta":{"content":"lorem"},"logprobs":null,"finish_reason":null}]}\n\n`;
const EVENTS = 50;
const GAP_MS = 10;

const plain = (body) =>
  Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
const chunk = (text) => Buffer.from(`${text.length.toString(16)}\r\n${text}\r\n`);
const WHOLE = plain(ANSWER);
const STREAM_HEAD = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n",
);
const STREAM_EVENT = chunk(EVENT);
const STREAM_END = Buffer.concat([chunk("data: [DONE]\n\n"), Buffer.from("0\r\n\r\n")]);

function stream(socket) {
  let left = EVENTS;
  socket.write(STREAM_HEAD);
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else if (left-- > 0) socket.write(STREAM_EVENT);
    else {
      clearInterval(timer);
      socket.write(STREAM_END);
    }
  }, GAP_MS);
}

function serve(socket) {
  let head = "";
  let missing = 0;
  let streams = false;
  socket.setNoDelay(true);
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    if (missing === 0) {
      const end = bytes.indexOf("\r\n\r\n");
      head = bytes.toString("latin1", 0, end);
      if (head.startsWith("GET")) return socket.write(head.includes("/v1/models") ? plain(MODELS) : plain("ok"));
      const length = Number(/content-length: *(\d+)/i.exec(head)[1]);
      streams = bytes.includes('"stream":true', end);
      missing = length - (bytes.length - end - 4);
    } else missing -= bytes.length;
    if (missing > 0) return;
    missing = 0;
    if (streams) stream(socket);
    else socket.write(WHOLE);
  });
}

const ports = [];
for (let i = 0; i < 4; i++) {
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", 1024, resolve));
  ports.push(server.address().port);
}
process.send({ ports });
process.on("disconnect", () => process.exit(0));
