import type { Clock, Logger } from "@warmpath/contracts";
import type { Member } from "./member";
import { type ModelCard, readModelList } from "./model-list";
import type { ResolvedFleetOptions } from "./options";
import type { EngineMetrics } from "./types";
import { readVllmMetrics } from "./vllm-metrics";

/** What a poller tells the fleet. */
export interface PollerEvents {
  /** Undefined when the metrics could not be had. */
  scraped(member: Member, metrics: EngineMetrics | undefined): void;
  listed(member: Member, cards: readonly ModelCard[]): void;
  /** The engine has no model list. */
  unlisted(member: Member): void;
  probed(member: Member, ready: boolean): void;
  /** Time between two scrapes at the present size of the fleet. */
  intervalMs(): number;
}

/** Multiples of it, cut to their fractions, lie evenly in [0, 1). */
const GOLDEN_RATIO = 0.618_033_988_749_895;

type Answer = { readonly status: number; readonly body: string };

/**
 * Asks one engine, over and over, one question at a time: is it ready, which models, how loaded. An engine that does
 * not answer is asked more rarely, up to a tenth of the rate. A lost scrape is no failure of the engine by itself; it
 * only makes the poller look at its health at once.
 */
export class Poller {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #closed = false;
  #request: AbortController | undefined = undefined;
  #settled = false;
  #cancelTimer: () => void = () => {};
  #busy = false;
  #failures = 0;
  #healthAtMs = Number.NEGATIVE_INFINITY;
  #modelsAtMs = Number.NEGATIVE_INFINITY;
  #scrapeAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly member: Member,
    private readonly options: ResolvedFleetOptions,
    private readonly events: PollerEvents,
  ) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#arm(0);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#request?.abort();
  }

  /** Looks at the engine's health now. */
  hurry(): void {
    this.#healthAtMs = Number.NEGATIVE_INFINITY;
    if (!this.#busy) this.#arm(0);
  }

  #arm(delayMs: number): void {
    this.#cancelTimer();
    if (this.#closed) return;
    this.#cancelTimer = this.#clock.schedule(delayMs, () => {
      this.#round().catch((error: unknown) =>
        this.#logger.error({ err: error, endpoint: this.member.endpoint.id }, "Poll failed."),
      );
    });
  }

  async #round(): Promise<void> {
    this.#busy = true;
    try {
      const alive = await this.#probe();
      if (this.#closed) return;
      if (alive !== undefined) this.#count(alive);
      if (alive !== false && this.#clock.nowMs() >= this.#scrapeAtMs) await this.#scrape();
    } finally {
      this.#busy = false;
      this.#arm(this.#delay());
    }
  }

  /** True or false when the engine was asked whether it lives; undefined when that was not due. */
  async #probe(): Promise<boolean | undefined> {
    const now = this.#clock.nowMs();
    const asksModels = !this.member.fixedModels && (!this.member.ready || now >= this.#modelsAtMs);
    if (asksModels) return this.#askModels(now);
    if (this.member.ready && now < this.#healthAtMs) return undefined;
    return this.#askHealth(now);
  }

  async #askModels(now: number): Promise<boolean> {
    const answer = await this.#get("/v1/models");
    if (answer === undefined || answer.status >= 500) return false;
    this.#modelsAtMs = now + this.options.modelsIntervalMs;
    const cards = answer.status === 200 ? readModelList(parseJson(answer.body)) : undefined;
    if (cards) this.events.listed(this.member, cards);
    else this.events.unlisted(this.member);
    // vLLM lists its models while its engine core may be dead; only /health tells.
    return this.#askHealth(now);
  }

  async #askHealth(now: number): Promise<boolean> {
    const answer = await this.#get("/health");
    this.#healthAtMs = now + this.options.healthIntervalMs;
    return answer !== undefined && answer.status < 500;
  }

  #count(alive: boolean): void {
    this.#failures = alive ? 0 : this.#failures + 1;
    if (alive) this.events.probed(this.member, true);
    else if (this.#failures >= this.options.failuresToUnready) this.events.probed(this.member, false);
    else this.#healthAtMs = Number.NEGATIVE_INFINITY;
  }

  async #scrape(): Promise<void> {
    const answer = await this.#get("/metrics");
    if (this.#closed) return;
    const metrics =
      answer?.status === 200 ? readVllmMetrics(answer.body, this.member.endpoint.dataParallelRank) : undefined;
    this.events.scraped(this.member, metrics);
    if (answer === undefined) this.#healthAtMs = Number.NEGATIVE_INFINITY;
    // An engine that answers but has no metrics is asked for them as rarely as for its health.
    const pause = answer !== undefined && metrics === undefined ? this.options.healthIntervalMs : 0;
    this.#scrapeAtMs = this.#clock.nowMs() + pause;
  }

  #delay(): number {
    const interval = this.events.intervalMs();
    if (this.#failures > 0) return interval * Math.min(10, 1.5 ** (this.#failures - 1));
    if (this.#settled || !this.member.ready) return interval;
    // Endpoints that were added together must not be scraped in one burst for ever.
    this.#settled = true;
    return interval * ((this.member.endpoint.slot * GOLDEN_RATIO) % 1);
  }

  /** Undefined when the engine did not answer in time. */
  async #get(path: string): Promise<Answer | undefined> {
    if (this.#closed) return undefined;
    const request = new AbortController();
    this.#request = request;
    const cancel = this.#clock.schedule(this.options.probeTimeoutMs, () => request.abort());
    try {
      const { signal } = request;
      const response = await this.options.fetch(this.member.endpoint.url + path, {
        headers: this.options.headers,
        signal,
      });
      return { status: response.status, body: await response.text() };
    } catch {
      return undefined;
    } finally {
      cancel();
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
