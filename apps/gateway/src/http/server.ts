import { createServer, type Socket } from "node:net";
import { type Clock, WarmpathError } from "@warmpath/contracts";
import type { Exchange } from "./exchange";
import { ServerConnection } from "./server-connection";

/** Header lines and body of an answer that the server gives by itself. */
export interface Refusal {
  readonly fields: string;
  readonly body: Uint8Array;
}

/** What a connection needs to know. Times in milliseconds, sizes in bytes. */
export interface HttpServerSettings {
  readonly clock: Clock;
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
  /** From the first byte of a head to its last. */
  readonly headTimeoutMs: number;
  /** Between two reads of a body. */
  readonly bodyTimeoutMs: number;
  /** Between an answer and the next request. */
  readonly keepAliveTimeoutMs: number;
  /** How long a closed connection is read on, so that the client sees the answer. */
  readonly lingerMs: number;
  /** Runs a callback in a later turn of the event loop. */
  readonly defer: (callback: () => void) => void;
  /** Called with each request once its body is whole. Must not throw. */
  readonly handle: (exchange: Exchange) => void;
  /** Words an answer to a request that breaks HTTP's rules. */
  readonly refusal: (error: WarmpathError) => Refusal;
}

/** A listening HTTP/1.1 server. */
export interface HttpServer {
  readonly host: string;
  /** The port in use, also where 0 was asked for. */
  readonly port: number;
  /** Open client connections. */
  readonly connections: number;
  /** Takes no new connection, lets answers under way end for up to `graceMs`, then cuts them. */
  close(graceMs: number): Promise<void>;
}

/** A client's host that vanishes sends nothing: probes find it, also while an engine computes for it. */
const SOCKETS = { noDelay: true, allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: 15_000 };

/** How often waiting connections are looked through, in milliseconds. */
const SWEEP_MS = 1000;

/** Listens on `host` and `port`. Rejects with `port_in_use` when the address is taken. */
export async function listen(host: string, port: number, settings: HttpServerSettings): Promise<HttpServer> {
  const connections = new Set<ServerConnection>();
  const sockets = new Set<Socket>();
  const server = createServer(SOCKETS, (socket) => {
    const connection = new ServerConnection(socket, settings);
    connections.add(connection);
    sockets.add(socket);
    socket.once("close", () => {
      connections.delete(connection);
      sockets.delete(socket);
    });
  });
  const stopSweep = every(settings.clock, SWEEP_MS, () => sweep(connections, settings.clock.nowMs()));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => {
      stopSweep();
      reject(listenError(error, host, port));
    });
    server.listen({ host, port, backlog: 1024 }, resolve);
  });
  const address = server.address();
  return {
    host,
    port: typeof address === "object" && address !== null ? address.port : port,
    get connections() {
      return connections.size;
    },
    close(graceMs) {
      return new Promise((resolve) => {
        const cancel = settings.clock.schedule(graceMs, () => {
          for (const socket of sockets) socket.destroy();
        });
        server.close(() => {
          cancel();
          stopSweep();
          resolve();
        });
        for (const connection of [...connections]) connection.drain();
      });
    },
  };
}

function sweep(connections: ReadonlySet<ServerConnection>, nowMs: number): void {
  for (const connection of connections) if (connection.deadlineMs < nowMs) connection.expire();
}

/** Runs `callback` every `periodMs` until the returned function is called. */
export function every(clock: Clock, periodMs: number, callback: () => void): () => void {
  let cancel = (): void => undefined;
  const again = (): void => {
    cancel = clock.schedule(periodMs, () => {
      callback();
      again();
    });
  };
  again();
  return () => cancel();
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): WarmpathError {
  if (error.code === "EADDRINUSE") {
    return new WarmpathError(
      "port_in_use",
      `Port ${port} on ${host} is taken: stop the process that uses it, or choose another with --port.`,
      { cause: error },
    );
  }
  return new WarmpathError("invalid_configuration", `Cannot listen on ${host} port ${port}: ${error.message}.`, {
    cause: error,
  });
}
