import { afterEach, describe, expect, it } from "vitest";
import { eventually, labelled, withCode } from "../../test/engine";
import type { MessageSocket } from "../transport/message-source";
import { createZeromqSource } from "../transport/zeromq-source";
import { createKvEventPublisher } from "./publisher";
import type { KvEventPublisher, KvEventPublisherOptions } from "./types";

const END = ["", "", "ffffffffffffffff", ""];
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function publisher(options: Partial<KvEventPublisherOptions> = {}): Promise<KvEventPublisher> {
  const opened = await createKvEventPublisher({
    endpoint: "tcp://127.0.0.1:0",
    replayEndpoint: "tcp://127.0.0.1:*",
    ...options,
  });
  open.push(opened);
  return opened;
}

/** Opens a socket; its messages come as hex. */
async function connect(
  pattern: "subscribe" | "dealer",
  address: string,
  topic = "",
): Promise<[MessageSocket, string[][]]> {
  const messages: string[][] = [];
  const socket = await new Promise<MessageSocket>((resolve, reject) => {
    const opening = createZeromqSource().open({
      pattern,
      address,
      topic,
      maxMessageBytes: 1_000_000,
      onOpen: () => void opening.then(resolve, reject),
      onMessage: (frames) => messages.push(frames.map((frame) => Buffer.from(frame).toString("hex"))),
      onClose: (reason) => reject(new Error(reason)),
    });
    opening.catch(reject);
  });
  open.push(socket);
  // A subscription takes effect shortly after the handshake.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return [socket, messages];
}

function hex(number: number): string {
  return number.toString(16).padStart(16, "0");
}

const payload = (label: number): string => Buffer.from(labelled(label)).toString("hex");

describe("createKvEventPublisher", () => {
  it("takes free ports and says which", async () => {
    const { endpoint, replayEndpoint } = await publisher();
    expect(endpoint).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(replayEndpoint).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect((await publisher({ replayEndpoint: undefined })).replayEndpoint).toBeUndefined();
  });

  it("refuses an address that is taken, one that is none, and bad numbers", async () => {
    const { endpoint } = await publisher();
    await expect(publisher({ endpoint })).rejects.toThrow(withCode("port_in_use"));
    await expect(publisher({ endpoint: "tcp://nowhere" })).rejects.toThrow(withCode("invalid_configuration"));
    await expect(publisher({ bufferSteps: -1 })).rejects.toThrow(withCode("invalid_configuration"));
  });

  it("publishes three frames, numbered from 0, to those who want the topic", async () => {
    const engine = await publisher({ topic: "kv@pod@model" });
    const [, wanted] = await connect("subscribe", engine.endpoint, "kv@pod");
    const [, unwanted] = await connect("subscribe", engine.endpoint, "kv@other");
    expect([engine.publish(labelled(1)), engine.publish(labelled(2)), engine.nextSequence]).toEqual([0, 1, 2]);
    const topic = Buffer.from("kv@pod@model").toString("hex");
    await eventually(() => {
      expect(wanted).toEqual([
        [topic, hex(0), payload(1)],
        [topic, hex(1), payload(2)],
      ]);
    });
    expect(unwanted).toEqual([]);
  });

  it("gives its ports back at once, so that a restarted engine finds them", async () => {
    const first = await publisher();
    const [, seen] = await connect("subscribe", first.endpoint);
    first.publish(labelled(1));
    await eventually(() => expect(seen).toHaveLength(1));
    await first.close();
    const second = await publisher({ endpoint: first.endpoint, replayEndpoint: first.replayEndpoint });
    expect(second.endpoint).toBe(first.endpoint);
    expect(second.nextSequence).toBe(0);
    expect(() => first.publish(labelled(2))).toThrow("closed");
  });

  it("connects to a central subscriber where it is told to", async () => {
    const engine = await publisher({ mode: "connect", endpoint: "tcp://127.0.0.1:9", replayEndpoint: undefined });
    expect(engine.publish(labelled(1))).toBe(0);
    await engine.flush();
  });
});

describe("a publisher's replay socket", () => {
  async function ask(engine: KvEventPublisher, frames: readonly string[]): Promise<string[][]> {
    const [socket, messages] = await connect("dealer", engine.replayEndpoint!);
    socket.send(frames.map((frame) => Buffer.from(frame, "hex")));
    return messages;
  }

  it("answers as vLLM 0.32 does: delimiter, topic, number, payload, then the end marker", async () => {
    const engine = await publisher({ topic: "t" });
    for (const label of [1, 2, 3]) engine.publish(labelled(label));
    const messages = await ask(engine, ["", hex(1)]);
    await eventually(() => {
      expect(messages).toEqual([["", "74", hex(1), payload(2)], ["", "74", hex(2), payload(3)], END]);
    });
  });

  it("answers as vLLM before 0.26 does where it is told to", async () => {
    const engine = await publisher({ topic: "t", replayForm: "bare" });
    engine.publish(labelled(1));
    const messages = await ask(engine, ["", hex(0)]);
    await eventually(() =>
      expect(messages).toEqual([
        ["", hex(0), payload(1)],
        ["", "ffffffffffffffff", ""],
      ]),
    );
  });

  it("gives only the end marker for numbers beyond the newest", async () => {
    const engine = await publisher();
    engine.publish(labelled(1));
    for (const start of [hex(1), hex(1_000_000), "ffffffffffffffff", "ff".repeat(200)]) {
      const messages = await ask(engine, ["", start]);
      await eventually(() => expect(messages).toEqual([END]));
    }
  });

  it("reads a start number of any length, and gives no answer to other messages", async () => {
    const engine = await publisher();
    for (const label of [1, 2]) engine.publish(labelled(label));
    const silent = [await ask(engine, [hex(0)]), await ask(engine, ["", hex(0), ""]), await ask(engine, [])];
    for (const [start, answers] of [
      ["00", 3],
      ["", 3],
      ["01", 2],
    ] as const) {
      const messages = await ask(engine, ["", start]);
      await eventually(() => expect(messages).toHaveLength(answers));
    }
    expect(silent).toEqual([[], [], []]);
  });

  it("begins with the oldest batch it kept", async () => {
    const engine = await publisher({ bufferSteps: 2 });
    for (const label of [1, 2, 3, 4, 5]) engine.publish(labelled(label));
    const messages = await ask(engine, ["", hex(0)]);
    await eventually(() => expect(messages.map((frames) => frames[2])).toEqual([hex(3), hex(4), END[2]]));
    const none = await publisher({ bufferSteps: 0 });
    none.publish(labelled(1));
    const empty = await ask(none, ["", hex(0)]);
    await eventually(() => expect(empty).toEqual([END]));
  });

  it("gives 5,000 batches without a hole", async () => {
    const engine = await publisher();
    for (let label = 0; label < 5_000; label++) engine.publish(labelled(label));
    const messages = await ask(engine, ["", hex(0)]);
    await eventually(() => expect(messages).toHaveLength(5_001));
    expect(messages.slice(0, -1).every((frames, i) => frames[2] === hex(i))).toBe(true);
  });

  it("drops batches on demand, from the stream or from everywhere", async () => {
    const engine = await publisher();
    const [, live] = await connect("subscribe", engine.endpoint);
    engine.dropNext(1);
    engine.publish(labelled(0));
    engine.publish(labelled(1));
    engine.dropNext(1, { fromReplay: true });
    engine.publish(labelled(2));
    engine.publish(labelled(3));
    await eventually(() => expect(live.map((frames) => frames[1])).toEqual([hex(1), hex(3)]));
    const messages = await ask(engine, ["", hex(0)]);
    await eventually(() => expect(messages.map((frames) => frames[2])).toEqual([hex(0), hex(1), hex(3), END[2]]));
  });

  it("outlives peers that hang up in the middle of an answer", async () => {
    for (let round = 0; round < 40; round++) {
      const engine = await publisher({ bufferSteps: 200 });
      for (let label = 0; label < 200; label++) engine.publish(labelled(label));
      const [socket] = await connectQuickly(engine.replayEndpoint!);
      socket.send([new Uint8Array(0), new Uint8Array(8)]);
      await new Promise((resolve) => setTimeout(resolve, round % 4));
      socket.close();
      await engine.close();
    }
  });

  async function connectQuickly(address: string): Promise<[MessageSocket]> {
    const ignore = (): void => undefined;
    const options = { pattern: "dealer", address, topic: "", maxMessageBytes: 1_000_000 } as const;
    return [await createZeromqSource().open({ ...options, onOpen: ignore, onMessage: ignore, onClose: ignore })];
  }
});
