import { connect, type Socket } from "node:net";
import { WarmpathError } from "@warmpath/contracts";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock";
import { errorAnswer } from "../proxy/error-answer";
import type { Exchange } from "./exchange";
import { type HttpServer, type HttpServerSettings, listen } from "./server";

const open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource.close();
});

async function serve(
  handle: (exchange: Exchange) => void,
  limits: Partial<HttpServerSettings> = {},
): Promise<HttpServer> {
  const server = await listen("127.0.0.1", 0, {
    clock: systemClock,
    maxHeadBytes: 4096,
    maxBodyBytes: 1000,
    headTimeoutMs: 60_000,
    bodyTimeoutMs: 60_000,
    keepAliveTimeoutMs: 60_000,
    lingerMs: 2000,
    defer: (callback) => void setImmediate(callback),
    refusal: errorAnswer,
    handle,
    ...limits,
  });
  open.push({ close: () => server.close(0) });
  return server;
}

/** Answers with what was received. */
function echo(exchange: Exchange): void {
  const { head, body } = exchange;
  exchange.answer(200, "", Buffer.from(`${head.method} ${head.target} ${body.toString("latin1")}`));
}

class Client {
  text = "";
  closed = false;
  readonly socket: Socket;
  #wake: () => void = () => undefined;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.setNoDelay(true);
    this.socket.on("data", (bytes) => {
      this.text += bytes.toString("latin1");
      this.#wake();
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
    open.push({ close: () => void this.socket.destroy() });
  }

  send(text: string | Buffer): this {
    this.socket.write(text);
    return this;
  }

  async until(done: (client: Client) => boolean): Promise<string> {
    while (!done(this)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.text;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const post = (body: string, fields = ""): string =>
  `POST /p HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

describe("listen", () => {
  it("answers requests of one connection in order, whole, split anywhere, or sent without waiting", async () => {
    const { port } = await serve(echo);
    const client = new Client(port);
    const wire = Buffer.from(post("one") + post("two") + post("three"));
    for (let at = 0; at < wire.length; at += 7) {
      client.send(wire.subarray(at, at + 7));
      await pause(0);
    }
    const text = await client.until(({ text }) => text.endsWith("three"));
    expect(text.match(/POST \/p (one|two|three)/g)).toEqual(["POST /p one", "POST /p two", "POST /p three"]);
    expect(client.closed).toBe(false);
    const together = new Client(port).send(wire);
    await together.until(({ text }) => text.endsWith("three"));
    expect(together.text).toBe(text);
  });

  it("joins a chunked body, its size counted without the framing", async () => {
    const { port } = await serve(echo);
    const client = new Client(port);
    client.send("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
    await pause(5);
    client.send(`c\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n${post("next")}`);
    const text = await client.until(({ text }) => text.endsWith("next"));
    expect(text).toContain("\r\n\r\nPOST /p abcde");
  });

  it("asks for a body that waits to be asked for, once", async () => {
    const { port } = await serve(echo);
    const client = new Client(port).send(
      "POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    );
    await client.until(({ text }) => text === "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ab");
    expect(await client.until(({ text }) => text.endsWith("ab"))).toMatch(
      /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/,
    );
  });

  it("closes behind the answer for HTTP/1.0 and for connection: close", async () => {
    const { port } = await serve(echo);
    for (const head of ["GET /p HTTP/1.0\r\n\r\n", "GET /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]) {
      const client = new Client(port).send(head);
      expect(await client.until(({ closed }) => closed)).toMatch(/connection: close\r\n\r\nGET \/p $/);
    }
  });

  it("leaves the body away for HEAD", async () => {
    const { port } = await serve(echo);
    const client = new Client(port).send("HEAD /p HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.until(({ text }) => text.endsWith("\r\n\r\n"))).toMatch(/content-length: 8\r\n\r\n$/);
  });

  it.each([
    ["a length over the limit", post("x".repeat(1001)), 413],
    ["chunks over the limit", chunkedOf(1001), 413],
    ["a head over the limit", `GET /p HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(5000)}`, 431],
    ["a malformed head", "GET /p HTTP/1.1\r\nHost a\r\n\r\n", 400],
    [
      "a length beside chunks",
      "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
      400,
    ],
    ["malformed chunks", "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400],
  ])("refuses %s once, in OpenAI's shape, and closes", async (_what, wire, status) => {
    let handled = 0;
    const { port } = await serve((exchange) => {
      handled++;
      echo(exchange);
    });
    const client = new Client(port).send(wire);
    const text = await client.until(({ closed }) => closed);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(JSON.parse(text.slice(text.indexOf("\r\n\r\n"))).error.type).toBe("invalid_request_error");
    expect(handled).toBe(0);
  });

  it("lets a client that is still sending read why its body was refused", async () => {
    const { port } = await serve(echo);
    const client = new Client(port).send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n");
    client.send(Buffer.alloc(20_000_000, "x"));
    expect(await client.until(({ text }) => text.includes("request_too_large"))).toMatch(/^HTTP\/1.1 413 /);
  });

  it("tells the handler at once when the client leaves, by FIN and by RST", async () => {
    for (const leave of ["destroy", "resetAndDestroy", "end"] as const) {
      let since = 0;
      const left = new Promise<number>((resolve) => {
        void serve((exchange) => {
          exchange.onAbort = () => resolve(performance.now() - since);
          expect(exchange.signal.aborted).toBe(false);
          exchange.signal.addEventListener("abort", () => expect(exchange.signal.reason).toBeInstanceOf(WarmpathError));
          setTimeout(() => {
            since = performance.now();
            client.socket[leave]();
          }, 20);
        }).then(({ port }) => {
          client = new Client(port).send(post("x"));
        });
      });
      let client: Client;
      expect(await left).toBeLessThan(50);
    }
  });

  it("gives up on a head, a body and an idle connection that take too long", async () => {
    const limits = { headTimeoutMs: 1, bodyTimeoutMs: 1, keepAliveTimeoutMs: 1 };
    const { port } = await serve(echo, limits);
    const head = new Client(port).send("GET /p HT");
    const body = new Client(port).send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na");
    const idle = new Client(port).send(post("x"));
    expect(await head.until(({ closed }) => closed)).toMatch(/^HTTP\/1.1 408 /);
    expect(await body.until(({ closed }) => closed)).toMatch(/^HTTP\/1.1 408 /);
    expect(await idle.until(({ closed }) => closed)).toMatch(/POST \/p x$/);
  });

  it("says in one sentence that the port is taken", async () => {
    const { port } = await serve(echo);
    const settings = { clock: systemClock } as HttpServerSettings;
    await expect(listen("127.0.0.1", port, settings)).rejects.toMatchObject({
      code: "port_in_use",
      message: `Port ${port} on 127.0.0.1 is taken: stop the process that uses it, or choose another with --port.`,
    });
  });

  it("close lets an answer under way end, closes idle connections, and cuts what takes longer than the grace", async () => {
    let answer: Exchange | undefined;
    const server = await serve((exchange) => {
      if (exchange.head.target === "/p") answer = exchange;
    });
    const idle = new Client(server.port);
    const slow = new Client(server.port).send(post("x"));
    const stuck = new Client(server.port).send("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n");
    while (answer === undefined || server.connections < 3) await pause(1);
    const closed = server.close(150);
    await idle.until((client) => client.closed);
    answer.answer(200, "", Buffer.from("late"));
    expect(await slow.until((client) => client.closed)).toMatch(/connection: close\r\n\r\nlate$/);
    expect(await stuck.until((client) => client.closed)).toBe("");
    await closed;
  });
});

function chunkedOf(bytes: number): string {
  return `POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n${"x".repeat(bytes)}\r\n0\r\n\r\n`;
}
