import { decodeSequence } from "../sequence";
import { Connection } from "./connection";
import { Counts } from "./counts";
import { Delivery } from "./delivery";
import { EventStream } from "./event-stream";
import { type ResolvedSubscribeOptions, resolveSubscribeOptions } from "./options";
import { ReplayRun } from "./replay-run";
import type { KvEventSubscribeOptions, KvEventSubscription, KvEventSubscriptionState } from "./types";

/**
 * Follows one engine's (or one rank's) events: decodes them, hands them to the sink in order, asks for what was missed,
 * resets the sink when the engine starts anew, and reconnects until it is closed.
 * Throws `invalid_configuration` for options out of range.
 */
export function subscribeKvEvents(options: KvEventSubscribeOptions): KvEventSubscription {
  return new Subscription(resolveSubscribeOptions(options));
}

class Subscription implements KvEventSubscription {
  readonly #options: ResolvedSubscribeOptions;
  readonly #counts: Counts;
  readonly #delivery: Delivery;
  readonly #stream: EventStream;
  readonly #connection: Connection;
  #shown = "";
  #closed = false;

  constructor(options: ResolvedSubscribeOptions) {
    this.#options = options;
    this.#counts = new Counts(options.metrics, options.address.publish);
    this.#delivery = new Delivery({ ...options, counts: this.#counts, maxPayloadBytes: options.maxMessageBytes });
    this.#stream = new EventStream({
      ...options,
      counts: this.#counts,
      delivery: this.#delivery,
      replay: this.#replayer(),
      onChange: () => this.#show(),
    });
    this.#connection = new Connection({
      ...options,
      random: options.random,
      address: options.address.publish,
      topic: options.address.topic,
      onUp: () => this.#stream.up(),
      onDown: () => this.#stream.down(),
      onMessage: (frames) => this.#receive(frames),
    });
  }

  get state(): KvEventSubscriptionState {
    return {
      connected: this.#stream.connected && !this.#closed,
      replaying: this.#stream.replaying,
      degraded: this.#stream.degraded,
      lastSequence: this.#delivery.last?.sequence,
      ...this.#counts.values,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stream.close();
    await this.#connection.close();
  }

  #receive(frames: readonly Uint8Array[]): void {
    const [, number, payload] = frames;
    const sequence = number && decodeSequence(number);
    if (frames.length !== 3 || payload === undefined || sequence === undefined) this.#counts.add("malformedMessages");
    else this.#stream.live({ sequence, payload });
  }

  #replayer(): ConstructorParameters<typeof EventStream>[0]["replay"] {
    const { address } = this.#options;
    if (address.replay === undefined) return undefined;
    const onMalformed = (): void => this.#counts.add("malformedMessages");
    return (run) => new ReplayRun({ ...this.#options, ...run, address: address.replay!, onMalformed });
  }

  #show(): void {
    const { connected, replaying, degraded } = this.#stream;
    const shown = `${connected} ${replaying} ${degraded}`;
    if (shown === this.#shown || this.#closed) return;
    this.#shown = shown;
    this.#options.onState?.(this.state);
  }
}
