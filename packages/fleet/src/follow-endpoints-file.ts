import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, type Logger, WarmpathError } from "@warmpath/contracts";
import { parseEndpointsFile } from "./endpoints-file";
import type { EndpointSpec, Fleet } from "./types";

/** Options of `followEndpointsFile`. */
export interface FollowEndpointsFileOptions {
  readonly path: string;
  readonly fleet: Pick<Fleet, "add" | "remove">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Also looks at this interval, for file systems that tell nothing. Default 10000. */
  readonly pollIntervalMs?: number | undefined;
}

/** Follows a file until it is closed. */
export interface EndpointsFileFollower {
  /** What was wrong with the file when it was last read; undefined when nothing. */
  lastError(): WarmpathError | undefined;
  /** Stops watching; the endpoints stay. */
  close(): void;
}

/** Quiet time after a change before the file is read: an editor writes in several steps. */
const SETTLE_MS = 50;

/**
 * Keeps a fleet's endpoints as a file says; see `parseEndpointsFile` for its form. Rejects with `invalid_configuration`
 * when the file cannot be read at the start; later a bad file is logged and the last good one stays in force.
 */
export async function followEndpointsFile(options: FollowEndpointsFileOptions): Promise<EndpointsFileFollower> {
  const follower = new Follower(options);
  await follower.start();
  return follower;
}

class Follower implements EndpointsFileFollower {
  readonly #options: FollowEndpointsFileOptions;
  /** What was added, by id, as text to compare. */
  readonly #added = new Map<string, string>();
  #text: string | undefined;
  #error: WarmpathError | undefined;
  #stopWatching: () => void = () => {};
  #cancelTimer: () => void = () => {};
  #closed = false;

  constructor(options: FollowEndpointsFileOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#load();
    if (this.#error) throw this.#error;
    // The folder is watched, not the file: an atomic rename or a swapped ConfigMap link replaces the file itself.
    const watcher = watch(dirname(this.#options.path), { persistent: false }, () => this.#readAfter(SETTLE_MS));
    watcher.on("error", (error) => this.#options.logger.warn({ err: error }, "The endpoints file is polled only."));
    this.#stopWatching = () => watcher.close();
    this.#readAfter(this.#options.pollIntervalMs ?? 10_000);
  }

  lastError(): WarmpathError | undefined {
    return this.#error;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#stopWatching();
  }

  #readAfter(delayMs: number): void {
    this.#cancelTimer();
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.schedule(delayMs, () => {
      this.#load().then(
        () => this.#readAfter(this.#options.pollIntervalMs ?? 10_000),
        (error: unknown) => {
          this.#options.logger.error({ err: error }, "The endpoints file could not be read; it is tried again.");
          this.#readAfter(this.#options.pollIntervalMs ?? 10_000);
        },
      );
    });
  }

  async #load(): Promise<void> {
    const { path, logger } = this.#options;
    try {
      const text = await readFile(path, "utf8").catch((cause: unknown) => {
        throw new WarmpathError("invalid_configuration", `Endpoints file: ${path} cannot be read.`, { cause });
      });
      if (this.#closed || text === this.#text) return;
      const { endpoints, warnings } = parseEndpointsFile(text);
      this.#apply(endpoints);
      this.#text = text;
      this.#error = undefined;
      for (const warning of warnings) logger.warn({ path }, `Endpoints file: ${warning}.`);
    } catch (error) {
      if (!WarmpathError.isInstance(error)) throw error;
      if (error.message !== this.#error?.message) logger.error({ path }, `${error.message} The last good one stays.`);
      this.#error = error;
    }
  }

  /** Removes before it adds, so that a changed endpoint can keep its id. */
  #apply(endpoints: readonly EndpointSpec[]): void {
    const wanted = new Map(endpoints.map((spec) => [JSON.stringify(spec), spec]));
    for (const [id, text] of [...this.#added]) {
      if (wanted.delete(text)) continue;
      this.#options.fleet.remove(id);
      this.#added.delete(id);
    }
    for (const [text, spec] of wanted) this.#add(spec, text);
  }

  /** An endpoint that the fleet has from elsewhere is left alone: the rest of the file still counts. */
  #add(spec: EndpointSpec, text: string): void {
    try {
      this.#added.set(this.#options.fleet.add(spec).id, text);
    } catch (error) {
      this.#options.logger.error(
        { err: error, path: this.#options.path },
        "An endpoint of the file could not be added.",
      );
    }
  }
}
