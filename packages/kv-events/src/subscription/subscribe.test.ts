import type { KvEventSink, KvEventSource } from "@warmpath/contracts";
import { afterEach, describe, expect, it } from "vitest";
import { Dealer, Publisher, Router } from "zeromq";
import { eventually, labelled, RecordingSink, range, silentLogger, systemClock, withCode } from "../../test/engine";
import { createKvEventPublisher } from "../publisher/publisher";
import type { KvEventPublisher, KvEventPublisherOptions } from "../publisher/types";
import { END_OF_REPLAY, encodeSequence } from "../sequence";
import { subscribeKvEvents } from "./subscribe";
import type { KvEventSubscribeOptions, KvEventSubscription } from "./types";

const source: KvEventSource = { slot: 3, rank: 0, model: "tiny" };
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function engine(options: Partial<KvEventPublisherOptions> = {}): Promise<KvEventPublisher> {
  const publisher = await createKvEventPublisher({
    endpoint: "tcp://127.0.0.1:0",
    replayEndpoint: "tcp://127.0.0.1:0",
    ...options,
  });
  open.push(publisher);
  return publisher;
}

interface Follower {
  readonly sink: RecordingSink;
  readonly subscription: KvEventSubscription;
}

function follow(
  to: { readonly endpoint: string; readonly replayEndpoint: string | undefined },
  options: Partial<KvEventSubscribeOptions> = {},
): Follower {
  const sink = new RecordingSink();
  const subscription = subscribeKvEvents({
    address: { publish: to.endpoint, replay: to.replayEndpoint, topic: "" },
    source,
    sink,
    clock: systemClock,
    logger: silentLogger,
    reconnectMinMs: 10,
    reconnectMaxMs: 50,
    replayIdleMs: 300,
    replayCooldownMs: 100,
    probeIdleMs: 50,
    ...options,
  });
  open.push(subscription);
  return { sink, subscription };
}

/** Connected, its history read, and its topic known to the publisher. */
async function settled({ subscription }: Follower): Promise<void> {
  await eventually(() => expect(subscription.state).toMatchObject({ connected: true, replaying: false }));
  await new Promise((resolve) => setTimeout(resolve, 200));
}

function publish(publisher: KvEventPublisher, from: number, to: number): void {
  for (const label of range(from, to)) publisher.publish(labelled(label));
}

describe("subscribeKvEvents", () => {
  it("hands live batches to the sink, each with its source", async () => {
    const publisher = await engine();
    const sources: KvEventSource[] = [];
    const sink: KvEventSink = { apply: (from) => void sources.push(from), reset: () => undefined };
    const follower = follow(publisher, { sink });
    await settled(follower);
    publish(publisher, 0, 3);
    await eventually(() => expect(sources).toEqual([source, source, source]));
    expect(follower.subscription.state).toMatchObject({ lastSequence: 2, batches: 3, events: 3, degraded: false });
  });

  it("receives only its topic", async () => {
    const wanted = await engine({ topic: "kv@a@m" });
    const address = { publish: wanted.endpoint, replay: undefined, topic: "kv@b" };
    const follower = follow(wanted, { address });
    await settled(follower);
    publish(wanted, 0, 3);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(follower.subscription.state.batches).toBe(0);
  });

  it.each(["topic", "bare"] as const)("reads the history when it starts late (%s answers)", async (replayForm) => {
    const publisher = await engine({ replayForm });
    publish(publisher, 0, 100);
    const { sink, subscription } = follow(publisher);
    await eventually(() => expect(sink.seen).toEqual(range(0, 100)));
    publish(publisher, 100, 110);
    await eventually(() => expect(sink.seen).toEqual(range(0, 110)));
    expect(subscription.state).toMatchObject({ degraded: false, lostBatches: 0 });
  });

  it("fills gaps by replay, in order and once", async () => {
    const publisher = await engine();
    const follower = follow(publisher, { probeIdleMs: 0 });
    await settled(follower);
    for (let label = 0; label < 60; label++) {
      if (label % 7 === 3) publisher.dropNext(1);
      publish(publisher, label, label + 1);
    }
    // Without probes only a live batch tells of a gap: one comes every now and then.
    await eventually(() => {
      publish(publisher, publisher.nextSequence, publisher.nextSequence + 1);
      expect(follower.sink.seen.length).toBeGreaterThanOrEqual(60);
    });
    expect(follower.sink.seen).toEqual(range(0, follower.sink.seen.length));
    const { gaps, lostBatches, degraded } = follower.subscription.state;
    expect({ lostBatches, degraded }).toEqual({ lostBatches: 0, degraded: false });
    expect(gaps).toBeGreaterThan(0);
  });

  it("finds out that the last batch was lost though nothing follows it", async () => {
    const publisher = await engine();
    const follower = follow(publisher);
    await settled(follower);
    publish(publisher, 0, 1);
    await eventually(() => expect(follower.sink.seen).toEqual([0]));
    publisher.dropNext(1);
    publish(publisher, 1, 2);
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1]));
  });

  it("applies what is left of a history, says that it is degraded, and goes on", async () => {
    const publisher = await engine({ bufferSteps: 10 });
    publish(publisher, 0, 100);
    const { sink, subscription } = follow(publisher);
    await eventually(() => expect(sink.seen).toEqual(range(90, 100)));
    expect(subscription.state).toMatchObject({ degraded: true, lostBatches: 90 });
    const { replays } = subscription.state;
    publish(publisher, 100, 130);
    await eventually(() => expect(sink.seen).toEqual(range(90, 130)));
    await new Promise((resolve) => setTimeout(resolve, 300));
    // No cycle: nothing was forgotten, nothing asked for again.
    expect(subscription.state).toMatchObject({ replays, lostBatches: 90, restarts: 0 });
  });

  it("passes over a hole that the engine has too", async () => {
    const publisher = await engine();
    const follower = follow(publisher);
    await settled(follower);
    publish(publisher, 0, 2);
    publisher.dropNext(1, { fromReplay: true });
    publish(publisher, 2, 5);
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1, 3, 4]));
    expect(follower.subscription.state).toMatchObject({ degraded: true, lostBatches: 1 });
  });

  it("goes on without a replay socket, and counts what it lost", async () => {
    const publisher = await engine();
    const follower = follow({ endpoint: publisher.endpoint, replayEndpoint: undefined });
    await settled(follower);
    publish(publisher, 0, 2);
    publisher.dropNext(3);
    publish(publisher, 2, 7);
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1, 5, 6]));
    expect(follower.subscription.state).toMatchObject({ gaps: 1, lostBatches: 3, degraded: true, replays: 0 });
  });

  it("goes on while replays fail, and makes good for it once they work", async () => {
    const publisher = await engine({ replayEndpoint: undefined });
    // Someone listens there, but never answers.
    const mute = new Router({ linger: 0 });
    await mute.bind("tcp://127.0.0.1:*");
    const replayEndpoint = mute.lastEndpoint!;
    publish(publisher, 0, 5);
    const { sink, subscription } = follow({ endpoint: publisher.endpoint, replayEndpoint }, { maxReplayAttempts: 1 });
    await eventually(() => expect(subscription.state.replayFailures).toBe(1));
    publish(publisher, 5, 8);
    await eventually(() => expect(sink.seen).toEqual([5, 6, 7]));
    expect(subscription.state).toMatchObject({ degraded: true, lostBatches: 5 });
    // From now on it answers.
    void (async () => {
      for await (const [identity] of mute) {
        for (const label of range(0, 8)) await mute.send([identity!, "", "", encodeSequence(label), labelled(label)]);
        await mute.send([identity!, "", "", END_OF_REPLAY as Uint8Array, ""]);
      }
    })();
    open.push(mute);
    await eventually(() => expect(sink.seen).toEqual([5, 6, 7, "reset", ...range(0, 8)]));
    await eventually(() => expect(subscription.state).toMatchObject({ degraded: false, replaying: false }));
  });

  it("asks again where an answer breaks off or has a hole", async () => {
    const publisher = await engine({ replayEndpoint: undefined });
    publish(publisher, 0, 10);
    const router = new Router({ linger: 0 });
    await router.bind("tcp://127.0.0.1:*");
    open.push(router);
    const starts: number[] = [];
    void (async () => {
      for await (const [identity, , start] of router) {
        const from = start![7]!;
        starts.push(from);
        // First it breaks off behind 3, then it skips 6, then it is whole.
        const labels = starts.length === 1 ? [0, 1, 2, 3] : starts.length === 2 ? [4, 5, 7, 8] : range(from, 10);
        for (const label of labels) await router.send([identity!, "", "", encodeSequence(label), labelled(label)]);
        if (starts.length > 1) await router.send([identity!, "", "", END_OF_REPLAY as Uint8Array, ""]);
      }
    })();
    const { sink, subscription } = follow({ endpoint: publisher.endpoint, replayEndpoint: router.lastEndpoint! });
    await eventually(() => expect(sink.seen).toEqual(range(0, 10)));
    expect(starts.slice(0, 3)).toEqual([0, 4, 6]);
    expect(subscription.state).toMatchObject({ degraded: false, lostBatches: 0, replayFailures: 0 });
  });
});

describe("subscribeKvEvents, restarts", () => {
  async function restart(publisher: KvEventPublisher, replay = true): Promise<KvEventPublisher> {
    await publisher.close();
    return engine({ endpoint: publisher.endpoint, replayEndpoint: replay ? publisher.replayEndpoint : undefined });
  }

  it("forgets a restarted engine's blocks, and reads the new history", async () => {
    const first = await engine();
    const { sink, subscription } = follow(first);
    publish(first, 0, 5);
    await eventually(() => expect(sink.seen).toEqual(range(0, 5)));
    const second = await restart(first);
    publish(second, 10, 13);
    await eventually(() => expect(sink.seen).toEqual([...range(0, 5), "reset", 10, 11, 12]));
    expect(subscription.state).toMatchObject({ restarts: 1, degraded: false, lastSequence: 2, disconnects: 1 });
  });

  it("sees a restart though the new engine has already published more batches than the old one", async () => {
    const first = await engine();
    const follower = follow(first, { reconnectMinMs: 200, reconnectMaxMs: 200 });
    await settled(follower);
    publish(first, 0, 2);
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1]));
    const second = await restart(first);
    publish(second, 10, 15);
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1, "reset", ...range(10, 15)]));
    publish(second, 15, 16);
    await eventually(() => expect(follower.sink.seen.at(-1)).toBe(15));
    expect(follower.subscription.state).toMatchObject({ restarts: 1, degraded: false, lostBatches: 0 });
  });

  it("sees a restart without a replay socket by a number that goes back", async () => {
    const first = await engine({ replayEndpoint: undefined });
    const follower = follow(first);
    await settled(follower);
    publish(first, 0, 5);
    await eventually(() => expect(follower.sink.seen).toEqual(range(0, 5)));
    const second = await restart(first, false);
    await eventually(() => expect(follower.subscription.state).toMatchObject({ connected: true, disconnects: 1 }));
    await settled(follower);
    publish(second, 10, 12);
    await eventually(() => expect(follower.sink.seen).toEqual([...range(0, 5), "reset", 10, 11]));
    expect(follower.subscription.state).toMatchObject({ restarts: 1, degraded: false });
  });

  it("keeps what it knows when only the connection was lost", async () => {
    const front = await engine({ replayEndpoint: undefined });
    const history = await engine();
    publish(history, 0, 3);
    const follower = follow({ endpoint: front.endpoint, replayEndpoint: history.replayEndpoint });
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1, 2]));
    await settled(follower);
    // The PUB side goes away and comes back, the batches behind the replay socket are the same and one more.
    await front.close();
    await eventually(() => expect(follower.subscription.state.connected).toBe(false));
    publish(history, 3, 4);
    await engine({ endpoint: front.endpoint, replayEndpoint: undefined });
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1, 2, 3]));
    expect(follower.subscription.state).toMatchObject({ restarts: 0, disconnects: 1, degraded: false });
  });

  it("drops duplicates, and tells them from a restart behind a proxy by the engine's clock", async () => {
    const proxy = new Publisher({ linger: 0 });
    await proxy.bind("tcp://127.0.0.1:*");
    open.push(proxy);
    const follower = follow({ endpoint: proxy.lastEndpoint!, replayEndpoint: undefined });
    await settled(follower);
    const send = (sequence: number, label: number, seconds: number): Promise<void> =>
      proxy.send(["", encodeSequence(sequence), labelled(label, seconds)]);
    for (const sequence of [0, 1, 2, 1, 2, 2, 0, 3]) await send(sequence, sequence, 100 + sequence);
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1, 2, 3]));
    expect(follower.subscription.state).toMatchObject({ duplicates: 4, restarts: 0 });
    await send(0, 50, 200);
    await send(1, 51, 201);
    await eventually(() => expect(follower.sink.seen).toEqual([0, 1, 2, 3, "reset", 50, 51]));
    expect(follower.subscription.state).toMatchObject({ restarts: 1, degraded: false });
  });
});

describe("subscribeKvEvents, trouble", () => {
  it("connects to an engine that starts later", async () => {
    const early = await engine();
    await early.close();
    const states: boolean[] = [];
    const { sink } = follow(early, { onState: ({ connected }) => states.push(connected) });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(states).toEqual([]);
    const late = await engine({ endpoint: early.endpoint, replayEndpoint: early.replayEndpoint });
    publish(late, 0, 3);
    await eventually(() => expect(sink.seen).toEqual([0, 1, 2]));
    expect(states[0]).toBe(true);
  });

  it("counts messages and payloads that make no sense, and takes the next good one", async () => {
    const publisher = new Publisher({ linger: 0 });
    await publisher.bind("tcp://127.0.0.1:*");
    open.push(publisher);
    const follower = follow({ endpoint: publisher.lastEndpoint!, replayEndpoint: undefined });
    await settled(follower);
    await publisher.send(["", encodeSequence(0)]);
    await publisher.send(["", "short", labelled(0)]);
    await publisher.send(["", END_OF_REPLAY as Uint8Array, labelled(0)]);
    await publisher.send(["", encodeSequence(0), "no msgpack"]);
    await publisher.send(["", encodeSequence(1), labelled(1)]);
    await eventually(() => expect(follower.sink.seen).toEqual([1]));
    const { state } = follower.subscription;
    expect(state).toMatchObject({ malformedMessages: 3, malformedBatches: 1, degraded: true, lastSequence: 1 });
  });

  it("survives a sink that throws", async () => {
    const publisher = await engine();
    const seen: number[] = [];
    const sink: KvEventSink = {
      apply: (_source, batch) => {
        if (seen.push(batch.timestampSeconds) === 2) throw new Error("sink");
      },
      reset: () => undefined,
    };
    const follower = follow(publisher, { sink });
    await settled(follower);
    publish(publisher, 0, 4);
    await eventually(() => expect(seen).toEqual([0, 1, 2, 3]));
    expect(follower.subscription.state).toMatchObject({ sinkErrors: 1, degraded: true });
  });

  it("refuses options out of range", () => {
    expect(() => follow({ endpoint: "tcp://127.0.0.1:9", replayEndpoint: undefined }, { replayIdleMs: -1 })).toThrow(
      withCode("invalid_configuration"),
    );
  });

  it("counts into the metrics it is given", async () => {
    const publisher = await engine();
    const values: Record<string, number> = {};
    const series = { add: () => undefined, set: () => undefined, observe: () => undefined };
    const metrics = {
      counter: ({ name, labels }: { name: string; labels?: Readonly<Record<string, string>> }) => {
        expect(labels).toEqual({ address: publisher.endpoint });
        const add = (value = 1): void => {
          values[name] = (values[name] ?? 0) + value;
        };
        return { add };
      },
      gauge: () => series,
      histogram: () => series,
    };
    const follower = follow(publisher, { metrics });
    await settled(follower);
    publish(publisher, 0, 3);
    await eventually(() => expect(follower.sink.seen).toHaveLength(3));
    expect(values).toMatchObject({ warmpath_kv_events_total: 3, warmpath_kv_events_batches_total: 3 });
  });

  it("is silent after close, however often and whenever it is closed", async () => {
    const publisher = await engine();
    for (let round = 0; round < 30; round++) {
      publish(publisher, round * 20, round * 20 + 20);
      const { sink, subscription } = follow(publisher);
      await new Promise((resolve) => setTimeout(resolve, round % 10));
      await Promise.all([subscription.close(), subscription.close()]);
      const count = sink.seen.length;
      publish(publisher, 0, 1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(sink.seen).toHaveLength(count);
      expect(subscription.state.connected).toBe(false);
    }
  });

  it("talks to any DEALER's counterpart: a request is an empty frame and 8 bytes", async () => {
    const publisher = await engine();
    publish(publisher, 0, 1);
    const dealer = new Dealer({ linger: 0 });
    open.push(dealer);
    dealer.connect(publisher.replayEndpoint!);
    await dealer.send(["", encodeSequence(0)]);
    const frames = await dealer.receive();
    expect(frames.map((frame) => frame.length)).toEqual([0, 0, 8, labelled(0).length]);
  });
});
