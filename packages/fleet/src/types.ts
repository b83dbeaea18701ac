import type { Candidate, Clock, Endpoint, EndpointLoad, KvEventAddress, Logger, Metrics } from "@warmpath/contracts";

/** What a user says about an endpoint; the rest is learned from the engine. */
export interface EndpointSpec {
  /** `http://host:port`; a path or a trailing slash is an error. */
  readonly url: string;
  /** Default: `host:port`, with `/dpN` where `dataParallelRank` is given. */
  readonly id?: string | undefined;
  /** Served model names. Default: asked from the engine's `GET /v1/models`, again and again. */
  readonly models?: readonly string[] | undefined;
  /** Rank that requests are pinned to; its metrics are read from the series of that `engine` label. */
  readonly dataParallelRank?: number | undefined;
  readonly kvEvents?: KvEventAddress | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** True = takes requests at once, before any probe. Default false. */
  readonly ready?: boolean | undefined;
}

/** One model as the fleet serves it: the union over all ready endpoints. */
export interface ServedModel {
  readonly id: string;
  /** The engine's entry of `GET /v1/models`, with all its fields; `{ id, object }` where only the name is known. */
  readonly card: Readonly<Record<string, unknown>>;
}

/** Prompt tokens of one request, as they weigh on its endpoint. */
export interface BookingSize {
  /** Uncached prompt tokens: counted until the first token. */
  readonly prefillTokens: number;
  /** Tokens of KV context: counted from the first token to the end. */
  readonly contextTokens: number;
}

/** The load of one request on one endpoint. Each step counts once, in whatever order and however often it is called. */
export interface Booking {
  /** Prefill is done, decoding begins. */
  firstToken(): void;
  /** The request is over. */
  end(): void;
}

/** What listeners of a fleet are told. */
export interface FleetChange {
  /** `changed`: readiness, health or model names. */
  readonly kind: "added" | "removed" | "changed";
  readonly endpoint: Endpoint;
  /** The engine answers its probes. */
  readonly ready: boolean;
}

/** Metrics of one engine, summed over the ranks that the endpoint covers. */
export interface EngineMetrics {
  readonly waitingRequests: number;
  readonly runningRequests: number;
  /** Share of KV blocks in use, 0 to 1; the mean over ranks. */
  readonly kvUtilization: number;
  readonly kvBlocksTotal: number | undefined;
  readonly engineBlockSizeTokens: number | undefined;
}

/** One endpoint as the fleet sees it now. */
export interface EndpointStatus {
  readonly endpoint: Endpoint;
  readonly load: EndpointLoad;
  /** The engine answers its probes. */
  readonly ready: boolean;
  /** Set aside for a moment after a failed request. */
  readonly ejected: boolean;
}

/** Options of `createFleet`; times in milliseconds. */
export interface FleetOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Sent with every probe and scrape, for example `authorization`. Default none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** False = no probes, no scrapes; metrics come through `report`. Default true. */
  readonly polling?: boolean | undefined;
  /** Time between two scrapes of one endpoint. Default 200. */
  readonly scrapeIntervalMs?: number | undefined;
  /** Scrapes of all endpoints together; in a large fleet the interval grows to keep to it. Default 200. */
  readonly maxScrapesPerSecond?: number | undefined;
  /** Age at which metrics begin to lose trust; trust halves with every further such time. Default 1000. */
  readonly staleAfterMs?: number | undefined;
  /** Time between two `GET /health`. Default 2000. */
  readonly healthIntervalMs?: number | undefined;
  /** Time between two `GET /v1/models` of a ready endpoint. Default 10000. */
  readonly modelsIntervalMs?: number | undefined;
  /** Time after which a probe or scrape has failed. Default 1000. */
  readonly probeTimeoutMs?: number | undefined;
  /** Failed probes in a row that make an endpoint unready. Default 2. */
  readonly failuresToUnready?: number | undefined;
  /** First pause after a failed request; doubles with each further failure. Default 500. */
  readonly ejectionMs?: number | undefined;
  /** Longest pause. Default 15000. */
  readonly maxEjectionMs?: number | undefined;
}

/** Which endpoints exist, which are fit to take requests, and how loaded they are. */
export interface Fleet {
  /** Throws `invalid_configuration` when the id is taken or the URL is not one. */
  add(spec: EndpointSpec): Endpoint;
  /** Removal listeners run before the slot is free again. False when there is no such endpoint. */
  remove(id: string): boolean;
  endpoints(): readonly Endpoint[];
  status(): readonly EndpointStatus[];
  /** The endpoint in a slot, with its live load. */
  at(slot: number): Candidate | undefined;
  /**
   * Endpoints that serve `model` and are fit; when all fit ones are ejected, the ejected ones, because a try is better
   * than a refusal. The same array until the fleet changes. Loads are live views; their `trust` is as of this call.
   */
  candidatesFor(model: string): readonly Candidate[];
  /** True when some endpoint, ready or not, is known to serve `model`. */
  knowsModel(model: string): boolean;
  /** Union over ready endpoints, in the order in which they were added. */
  models(): readonly ServedModel[];
  /** The name under which an engine's events key the blocks of `model`: an alias gives the first served name, an adapter its own. */
  keyModel(model: string): string;
  /** Base model name of the engine, undefined while unknown. */
  baseModel(slot: number): string | undefined;
  /** The returned function stops the calls. */
  onChange(listener: (change: FleetChange) => void): () => void;
  /** Counts a request on an endpoint from this moment. Never throws. */
  book(slot: number, size: BookingSize): Booking;
  /** A request could not be served there: sets the endpoint aside for a short time and probes it. */
  markFailed(slot: number): void;
  /** A request was served there: ends the pause. */
  markGood(slot: number): void;
  /** Metrics that were not scraped: pushed by the engine or a simulator. */
  report(slot: number, metrics: EngineMetrics): void;
  /** Stops all probes and forgets all listeners. */
  close(): void;
}
