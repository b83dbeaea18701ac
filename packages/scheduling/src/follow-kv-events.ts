import type {
  Clock,
  Endpoint,
  KvEventAddress,
  KvEventSink,
  KvEventSource,
  KvIndex,
  Logger,
  Metrics,
  Random,
} from "@warmpath/contracts";
import type { Fleet } from "@warmpath/fleet";

/** What must be known of a subscription; `subscribeKvEvents` of `@warmpath/kv-events` tells more. */
export interface EventStreamState {
  readonly connected: boolean;
  /** Events are known to be missing. */
  readonly degraded: boolean;
}

/** Begins one subscription: `subscribeKvEvents` of `@warmpath/kv-events`. */
export type SubscribeKvEvents<S extends EventStreamState> = (options: {
  readonly address: KvEventAddress;
  readonly source: KvEventSource;
  readonly sink: KvEventSink;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: Random | undefined;
  readonly metrics?: Metrics | undefined;
}) => { readonly state: S; close(): Promise<void> };

/** Options of `followKvEvents`. */
export interface FollowKvEventsOptions<S extends EventStreamState> {
  readonly fleet: Fleet;
  readonly index: KvIndex & KvEventSink;
  readonly subscribe: SubscribeKvEvents<S>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: Random | undefined;
  readonly metrics?: Metrics | undefined;
}

/** Follows the events of a fleet until it is closed. */
export interface KvEventFollower<S extends EventStreamState> {
  /** By endpoint id. */
  states(): ReadonlyMap<string, S>;
  /** True while the endpoint's events arrive; for `DirectorOptions.eventsLive`. */
  isLive(endpoint: Endpoint): boolean;
  close(): Promise<void>;
}

/**
 * Keeps one subscription for each endpoint that publishes KV events, as endpoints come and go, from the moment its base
 * model is known: the model enters every block key. What an endpoint held is forgotten when it is removed.
 */
export function followKvEvents<S extends EventStreamState>(options: FollowKvEventsOptions<S>): KvEventFollower<S> {
  return new Follower(options);
}

interface Stream<S> {
  readonly model: string;
  readonly subscription: { readonly state: S; close(): Promise<void> };
}

class Follower<S extends EventStreamState> implements KvEventFollower<S> {
  readonly #options: FollowKvEventsOptions<S>;
  readonly #streams = new Map<string, Stream<S>>();
  readonly #closing = new Set<Promise<void>>();
  readonly #stopListening: () => void;

  constructor(options: FollowKvEventsOptions<S>) {
    this.#options = options;
    this.#stopListening = options.fleet.onChange(({ kind, endpoint }) => {
      if (kind === "removed") this.#forget(endpoint);
      else this.#follow(endpoint);
    });
    for (const endpoint of options.fleet.endpoints()) this.#follow(endpoint);
  }

  states(): ReadonlyMap<string, S> {
    return new Map(Array.from(this.#streams, ([id, { subscription }]) => [id, subscription.state]));
  }

  isLive(endpoint: Endpoint): boolean {
    const stream = this.#streams.get(endpoint.id);
    if (!stream) return false;
    const { connected, degraded } = stream.subscription.state;
    return connected && !degraded;
  }

  async close(): Promise<void> {
    this.#stopListening();
    for (const id of [...this.#streams.keys()]) this.#end(id);
    await Promise.all(this.#closing);
  }

  #follow(endpoint: Endpoint): void {
    const { fleet, index } = this.#options;
    const base = fleet.baseModel(endpoint.slot);
    if (!endpoint.kvEvents || base === undefined) return;
    const model = fleet.keyModel(base);
    const stream = this.#streams.get(endpoint.id);
    if (stream?.model === model) return;
    if (stream) {
      this.#end(endpoint.id);
      index.removeEndpoint(endpoint.slot);
    }
    this.#streams.set(endpoint.id, { model, subscription: this.#subscribe(endpoint, endpoint.kvEvents, model) });
  }

  #subscribe(endpoint: Endpoint, address: KvEventAddress, model: string): Stream<S>["subscription"] {
    const { subscribe, index, clock, logger, random, metrics } = this.#options;
    const source = { slot: endpoint.slot, rank: endpoint.dataParallelRank ?? 0, model };
    return subscribe({ address, source, sink: index, clock, logger, random, metrics });
  }

  #forget(endpoint: Endpoint): void {
    this.#end(endpoint.id);
    this.#options.index.removeEndpoint(endpoint.slot);
  }

  #end(id: string): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#streams.delete(id);
    const closed = stream.subscription
      .close()
      .catch((error: unknown) =>
        this.#options.logger.warn({ err: error, endpoint: id }, "A KV event stream did not close."),
      )
      .finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }
}
