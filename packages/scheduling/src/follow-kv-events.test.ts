import { createNativeHasher } from "@warmpath/block-hashing";
import { createFleet, type Fleet } from "@warmpath/fleet";
import {
  createKvEventPublisher,
  encodeKvEventBatch,
  type KvEventPublisher,
  subscribeKvEvents,
} from "@warmpath/kv-events";
import { createKvIndex, type KvIndexHandle } from "@warmpath/kv-index";
import { afterEach, describe, expect, it } from "vitest";
import { eventually, realClock } from "../../../tooling/testing/clock";
import { MemoryLogger } from "../../../tooling/testing/loggers";
import { followKvEvents } from "./follow-kv-events";

const clock = realClock;
const logger = new MemoryLogger();
const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const { close } of open.splice(0).reverse()) await close();
});

const onClose = <T extends { close(): unknown }>(it: T): T => {
  open.push({ close: () => it.close() });
  return it;
};

async function publisher(): Promise<KvEventPublisher> {
  return onClose(await createKvEventPublisher({ endpoint: "tcp://127.0.0.1:0", replayEndpoint: "tcp://127.0.0.1:0" }));
}

function house(): { fleet: Fleet; index: KvIndexHandle } {
  const hasher = createNativeHasher({ blockSizeTokens: 16 });
  const index = onClose(createKvIndex({ hasher, clock, maxBytes: 2 ** 23 }));
  return { index, fleet: onClose(createFleet({ clock, logger, polling: false })) };
}

const follow = ({ fleet, index }: ReturnType<typeof house>) =>
  onClose(followKvEvents({ fleet, index, clock, logger, subscribe: subscribeKvEvents }));

const specOf = (events: KvEventPublisher, port: number) => ({
  url: `http://10.0.0.1:${port}`,
  models: ["m"],
  ready: true,
  kvEvents: { publish: events.endpoint, replay: events.replayEndpoint, topic: "" },
});

/** Publishes `blocks` new blocks of 16 tokens each. */
function store(events: KvEventPublisher, blocks: number): void {
  const blockHashes = Uint32Array.from({ length: 2 * blocks }, (_, i) => i + 1);
  const tokenIds = Uint32Array.from({ length: 16 * blocks }, (_, i) => i);
  const event = { kind: "stored", blockHashes, tokenIds, blockSizeTokens: 16 } as const;
  events.publish(encodeKvEventBatch({ timestampSeconds: 1, events: [event] }, { form: "map", hashes: "int" }));
}

describe("followKvEvents", () => {
  it("feeds the index from every endpoint's events, those before it came included", async () => {
    const at = house();
    const [one, two] = [await publisher(), await publisher()];
    store(one, 3);
    at.fleet.add(specOf(one, 1));
    const follower = follow(at);
    await eventually(() => at.index.blocksOf(0) === 3, "the replayed blocks");
    at.fleet.add(specOf(two, 2));
    await eventually(() => follower.isLive(at.fleet.at(1)!.endpoint), "the second stream");
    store(two, 5);
    await eventually(() => at.index.blocksOf(1) === 5, "the live blocks");
    expect([...follower.states().keys()]).toEqual(["10.0.0.1:1", "10.0.0.1:2"]);
    expect(at.index.engineBlockSizeTokens(1)).toBe(16);
  });

  it("forgets a removed endpoint and hears no more of it", async () => {
    const at = house();
    const events = await publisher();
    store(events, 3);
    const endpoint = at.fleet.add(specOf(events, 1));
    const follower = follow(at);
    await eventually(() => at.index.blocksOf(0) === 3, "the blocks");
    at.fleet.remove(endpoint.id);
    expect(at.index.blocksOf(0)).toBe(0);
    expect([follower.states().size, follower.isLive(endpoint)]).toEqual([0, false]);
    store(events, 6);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(at.index.blocksOf(0)).toBe(0);
  });

  it("waits for the model's name, and begins anew when it changes", async () => {
    const at = house();
    const { index } = at;
    const models: string[] = [];
    const closed: string[] = [];
    const subscribe = ({ source }: { source: { model: string } }) => {
      models.push(source.model);
      return {
        state: { connected: true, degraded: false },
        close: async () => void closed.push(source.model),
      };
    };
    let base: string | undefined;
    const fleet: Fleet = { ...bound(at.fleet), baseModel: () => base, keyModel: (name) => name };
    const endpoint = at.fleet.add({
      url: "http://a:1",
      kvEvents: { publish: "tcp://a:1", replay: undefined, topic: "" },
    });
    const follower = onClose(followKvEvents({ fleet, index, clock, logger, subscribe }));
    expect([models, follower.isLive(endpoint)]).toEqual([[], false]);
    base = "one";
    at.fleet.markFailed(endpoint.slot);
    expect([models, follower.isLive(endpoint)]).toEqual([["one"], true]);
    base = "two";
    at.fleet.markGood(endpoint.slot);
    expect([models, closed]).toEqual([["one", "two"], ["one"]]);
    await follower.close();
    expect(closed).toEqual(["one", "two"]);
  });
});

/** A fleet's methods, bound, so that some can be replaced. */
function bound(fleet: Fleet): Fleet {
  return {
    ...({} as Fleet),
    endpoints: () => fleet.endpoints(),
    onChange: (listener) => fleet.onChange(listener),
  };
}
