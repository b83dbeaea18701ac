import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock";
import type { AnswerHead } from "./answer-head";
import type { AnswerSink, UpstreamFailure } from "./answer-sink";
import { UpstreamPool } from "./upstream-pool";

const open: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

const HEAD = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const NOTHING = Buffer.alloc(0);

/** Serves each request of a connection with `respond`; counts connections. */
async function serve(
  respond: (socket: Socket, nth: number) => void,
  seen: (bytes: Buffer) => void = () => undefined,
): Promise<{ url: string; connections: () => number }> {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    let requests = 0;
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      seen(bytes);
      respond(socket, ++requests);
    });
  });
  open.push({ server, sockets });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

function poolFor(url: string, connectTimeoutMs = 1000): UpstreamPool {
  return new UpstreamPool(url, { clock: systemClock, connectTimeoutMs, idleTimeoutMs: 100 });
}

type Outcome = { status: number; text: string } | { failure: UpstreamFailure };

function ask(pool: UpstreamPool, fresh = false): Promise<Outcome> {
  return new Promise((resolve) => {
    let status = 0;
    let text = "";
    const sink: AnswerSink = {
      onHead(head: AnswerHead) {
        status = head.status;
      },
      onBody(_bytes, _start, _end, payloads, _whole, last) {
        text += Buffer.concat(payloads).toString();
        if (last) resolve({ status, text });
      },
      onFailure: (failure) => resolve({ failure }),
    };
    pool.send(HEAD, NOTHING, sink, fresh);
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

describe("UpstreamPool", () => {
  it("uses a connection again, the last used first, and opens one for each request at the same time", async () => {
    const { url, connections } = await serve((socket) => socket.write(OK));
    const pool = poolFor(url);
    for (let i = 0; i < 5; i++) expect(await ask(pool)).toEqual({ status: 200, text: "ok" });
    expect(connections()).toBe(1);
    await Promise.all([ask(pool), ask(pool), ask(pool)]);
    expect([connections(), pool.size]).toEqual([3, 3]);
    await ask(pool, true);
    expect(connections()).toBe(4);
  });

  it("tells a kept connection that closed from a new one that did", async () => {
    const { url } = await serve((socket, nth) => (nth === 1 ? socket.write(OK) : socket.destroy()));
    const pool = poolFor(url);
    await ask(pool);
    expect(await ask(pool)).toEqual({ failure: "stale" });
    const hangUp = await serve((socket) => void socket.destroy());
    expect(await ask(poolFor(hangUp.url))).toEqual({ failure: "unanswered" });
  });

  it("says unsent where nobody listens, and where nobody answers in time", async () => {
    const { url } = await serve(() => undefined);
    const { server } = open.pop()!;
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(poolFor(url))).toEqual({ failure: "unsent" });
    // TEST-NET-1 is routed nowhere: either there is no route, or no answer before the limit.
    const startMs = performance.now();
    expect(await ask(poolFor("http://192.0.2.1:9", 50))).toEqual({ failure: "unsent" });
    expect(performance.now() - startMs).toBeLessThan(2000);
  });

  it("sends nothing where no TLS session comes about", async () => {
    const seen: Buffer[] = [];
    const { url } = await serve(
      (socket) => socket.end("plain text\r\n"),
      (bytes) => seen.push(bytes),
    );
    expect(await ask(poolFor(url.replace("http:", "https:")))).toEqual({ failure: "unsent" });
    expect(Buffer.concat(seen).includes("POST")).toBe(false);
    // A TLS handshake record, so it was TLS that was tried.
    expect(seen[0]?.[0]).toBe(0x16);
  });

  it("says malformed or cut where the answer breaks", async () => {
    const malformed = await serve((socket) => socket.write("nonsense\r\n\r\n"));
    expect(await ask(poolFor(malformed.url))).toEqual({ failure: "malformed" });
    const cut = await serve((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok"));
    expect(await ask(poolFor(cut.url))).toEqual({ failure: "cut" });
    const badChunk = await serve((socket) =>
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nokX"),
    );
    expect(await ask(poolFor(badChunk.url))).toEqual({ failure: "cut" });
  });

  it("does not use a connection again whose answer said close, or that sent more than its answer", async () => {
    for (const answer of ["HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", `${OK}${OK}`]) {
      const { url, connections } = await serve((socket) => socket.write(answer));
      const pool = poolFor(url);
      await ask(pool);
      expect(await ask(pool)).toEqual({ status: 200, text: "ok" });
      expect(connections()).toBe(2);
    }
  });

  it("forgets idle connections that the engine closes, and closes those that are idle for too long", async () => {
    let last: Socket | undefined;
    const { url } = await serve((socket) => {
      last = socket;
      socket.write(OK);
    });
    const pool = poolFor(url);
    await ask(pool);
    last?.end();
    await pause(20);
    expect(pool.size).toBe(0);
    await ask(pool);
    pool.sweep(systemClock.nowMs());
    expect(pool.size).toBe(1);
    pool.sweep(systemClock.nowMs() + 200);
    expect(pool.size).toBe(0);
  });

  it("close lets a running answer end", async () => {
    const { url } = await serve((socket) => void setTimeout(() => socket.write(OK), 20));
    const pool = poolFor(url);
    const answer = ask(pool);
    pool.close();
    expect(await answer).toEqual({ status: 200, text: "ok" });
    expect(pool.size).toBe(0);
  });
});
