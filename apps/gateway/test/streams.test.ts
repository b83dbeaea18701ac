import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { encodeChunk, LAST_CHUNK } from "../src/http/chunked";
import { eventText, pause } from "./fake-engine";
import { call, chat, startEngines, startGateway, until } from "./harness";
import { rawClient, rawEngine } from "./raw-sockets";

const STREAM_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

describe("a streamed answer", () => {
  it("passes byte for byte, event by event as they come", async () => {
    const [engine] = await startEngines(1);
    const gateway = await startGateway([engine!]);
    Object.assign(engine!.behaviour, { events: 10, gapMs: 30 });
    const socket = await rawClient(gateway.port);
    const body = chat({ stream: true });
    const arrivals: Buffer[] = [];
    socket.on("data", (bytes) => arrivals.push(bytes));
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await until(() => Buffer.concat(arrivals).subarray(-5).equals(LAST_CHUNK));
    expect(dechunk(Buffer.concat(arrivals))).toBe(engine!.streamed);
    // Ten events 30 ms apart cannot share reads unless somebody holds them back.
    expect(arrivals.length).toBeGreaterThanOrEqual(10);
  });

  it("passes byte for byte through back-pressure, with bounded memory", async () => {
    const [engine] = await startEngines(1);
    const gateway = await startGateway([engine!]);
    Object.assign(engine!.behaviour, { events: 2000, eventBytes: 8000 });
    const socket = connect(gateway.port, "127.0.0.1");
    const body = chat({ stream: true });
    const parts: Buffer[] = [];
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    socket.pause();
    await pause(300);
    // 32 MB are on offer; what the engine could write is what the sockets hold.
    const written = engine!.streamed.length;
    await pause(100);
    expect(engine!.streamed.length).toBe(written);
    expect(written).toBeLessThan(24_000_000);
    socket.on("data", (bytes) => parts.push(bytes));
    socket.resume();
    await new Promise((resolve) => socket.on("close", resolve));
    expect(dechunk(Buffer.concat(parts)) === engine!.streamed).toBe(true);
  });

  it("passes whatever the cut of the engine's chunks", async () => {
    const events = Array.from({ length: 40 }, (_, i) => eventText(i));
    const wire = Buffer.concat([
      ...events.map((event) => encodeChunk([Buffer.from(event)], false)),
      Buffer.from("0\r\n\r\n"),
    ]);
    for (const step of [1, 7, 301]) {
      const gateway = await startGateway([
        await drippingEngine(`${STREAM_HEAD}Transfer-Encoding: chunked\r\n\r\n`, wire, step),
      ]);
      const result = await call(gateway, { body: chat({ stream: true }) });
      expect(result.body.toString()).toBe(events.join(""));
      expect(result.broken).toBe(false);
    }
  });

  it("drops chunk extensions and keeps the payload", async () => {
    const gateway = await startGateway([
      await rawEngine(`${STREAM_HEAD}Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nabcd\r\n0\r\nX-Trailer: 1\r\n\r\n`),
    ]);
    const result = await call(gateway, { body: chat({ stream: true }) });
    expect([result.body.toString(), result.broken]).toEqual(["abcd", false]);
  });

  it("ends with the engine's connection where that is its framing, in chunks of our own", async () => {
    const gateway = await startGateway([
      await rawEngine(`${STREAM_HEAD}Connection: close\r\n\r\n${eventText(0)}data: [DONE]\n\n`),
    ]);
    const result = await call(gateway, { body: chat({ stream: true }) });
    expect(result.body.toString()).toBe(`${eventText(0)}data: [DONE]\n\n`);
    expect([result.broken, result.headers["transfer-encoding"]]).toEqual([false, "chunked"]);
  });

  it("reaches an HTTP/1.0 client without chunks, and the connection closes", async () => {
    const [engine] = await startEngines(1);
    const gateway = await startGateway([engine!]);
    const socket = await rawClient(gateway.port);
    const body = chat({ stream: true });
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString();
    });
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.write(`POST /v1/chat/completions HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text.slice(text.indexOf("\r\n\r\n") + 4)).toBe(engine!.streamed);
    expect(text).not.toMatch(/transfer-encoding/i);
  });
});

describe("an odd engine", () => {
  it("interim answers are skipped", async () => {
    const gateway = await startGateway([
      await rawEngine(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
      ),
    ]);
    expect((await call(gateway, { body: chat() })).body.toString()).toBe("{}");
  });

  it.each([
    ["no HTTP", "hello\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
    [
      "a length beside chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ],
    ["a folded header", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}"],
    ["an endless head", `HTTP/1.1 200 OK\r\n${`X-${"y".repeat(60)}: z\r\n`.repeat(1200)}`],
    ["a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"],
  ])("%s is answered with 502", async (_what, answer) => {
    const gateway = await startGateway([await rawEngine(answer)]);
    const result = await call(gateway, { body: chat() });
    expect(result.status).toBe(502);
  });

  it("hop-by-hop headers of its answer stay on its side, all others reach the client", async () => {
    const gateway = await startGateway([
      await rawEngine(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nX-Kept: 2\r\nContent-Length: 2\r\n\r\n{}",
      ),
    ]);
    const { headers } = await call(gateway, { body: chat() });
    expect([headers["x-kept"], headers["x-hop"], headers["keep-alive"]]).toEqual(["2", undefined, undefined]);
  });
});

/** An engine whose answers leave `step` bytes at a time. */
async function drippingEngine(head: string, wire: Buffer, step: number): Promise<{ readonly url: string }> {
  const { createServer } = await import("node:http");
  const { closeAfterTest } = await import("./harness");
  const server = createServer((request, response) => {
    if (request.method === "GET") {
      response.end(JSON.stringify({ object: "list", data: [{ id: "fake" }] }));
      return;
    }
    const { socket } = request;
    socket.setNoDelay(true);
    request.resume().on("end", async () => {
      socket.write(head);
      for (let at = 0; at < wire.length; at += step) {
        socket.write(wire.subarray(at, at + step));
        if (at % (step * 16) === 0) await new Promise(setImmediate);
      }
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closeAfterTest(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

/** The payload of a chunked answer; independent of the code under test. */
function dechunk(answer: Buffer): string {
  let rest = answer.subarray(answer.indexOf("\r\n\r\n") + 4);
  const parts: Buffer[] = [];
  for (;;) {
    const lineEnd = rest.indexOf("\r\n");
    const size = Number.parseInt(rest.toString("latin1", 0, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error(`no chunk at: ${rest.toString("latin1", 0, 80)}`);
    if (size === 0) return Buffer.concat(parts).toString();
    parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    rest = rest.subarray(lineEnd + 4 + size);
  }
}
