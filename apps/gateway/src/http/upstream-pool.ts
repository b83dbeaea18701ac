import type { Clock } from "@warmpath/contracts";
import type { AnswerSink } from "./answer-sink";
import { createSocketOpener, type SocketOpener } from "./open-socket";
import { type ConnectionOwner, UpstreamConnection } from "./upstream-connection";

/** Limits of the connections to one engine, in milliseconds. */
export interface UpstreamPoolOptions {
  readonly clock: Clock;
  /** Longest wait for a connection. */
  readonly connectTimeoutMs: number;
  /** Idle connections are closed after this long: before uvicorn, which vLLM runs on, closes them (5 s). */
  readonly idleTimeoutMs: number;
}

/** Connections to one engine, kept open between requests. The most recently used is taken first. */
export class UpstreamPool implements ConnectionOwner {
  /** `host:port`, for the `host` header. */
  readonly authority: string;
  readonly #opener: SocketOpener;
  readonly #options: UpstreamPoolOptions;
  readonly #idle: UpstreamConnection[] = [];
  readonly #open = new Set<UpstreamConnection>();
  #closed = false;

  /** `url` is `http://host:port` or `https://host:port`. */
  constructor(url: string, options: UpstreamPoolOptions) {
    const parsed = new URL(url);
    this.authority = parsed.host;
    this.#opener = createSocketOpener(parsed);
    this.#options = options;
  }

  /** Open connections, idle ones included. */
  get size(): number {
    return this.#open.size;
  }

  /** Sends a request over an idle connection, or over a new one where there is none or `fresh` asks for it. */
  send(head: string, body: Uint8Array, sink: AnswerSink, fresh: boolean): UpstreamConnection {
    const connection = (fresh ? undefined : this.#idle.pop()) ?? this.#connect();
    connection.send(head, body, sink);
    return connection;
  }

  release(connection: UpstreamConnection): void {
    if (this.#closed) {
      connection.destroy();
      return;
    }
    connection.idleSinceMs = this.#options.clock.nowMs();
    this.#idle.push(connection);
  }

  discard(connection: UpstreamConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** Closes connections that have been idle for too long. */
  sweep(nowMs: number): void {
    const limit = nowMs - this.#options.idleTimeoutMs;
    let expired = 0;
    while (expired < this.#idle.length && (this.#idle[expired]?.idleSinceMs ?? 0) < limit) expired++;
    for (const connection of this.#idle.splice(0, expired)) connection.destroy();
  }

  /** Closes idle connections now, and the others when their answer is through. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }

  #connect(): UpstreamConnection {
    const { clock, connectTimeoutMs } = this.#options;
    const connection = new UpstreamConnection(this.#opener, this);
    this.#open.add(connection);
    connection.limitConnect((callback) => clock.schedule(connectTimeoutMs, callback));
    return connection;
  }
}
