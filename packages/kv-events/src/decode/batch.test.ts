import type { KvEvent } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { numbers, pack, stored, words } from "../../test/wire";
import type { DecodeReason } from "../msgpack/failure";
import { decodeKvEventBatch } from "./batch";

const HASH = 0xfccf55888d5ee3d5n;
const CLEARED: KvEvent = { kind: "cleared" };

function fromHex(hex: string): ReturnType<typeof decodeKvEventBatch> {
  return decodeKvEventBatch(Buffer.from(hex, "hex"));
}

function eventsOf(...events: readonly unknown[]): readonly KvEvent[] {
  const batch = decodeKvEventBatch(pack([1.5, events, 0]));
  expect(batch.malformedEvents).toBe(0);
  return batch.events;
}

describe("decodeKvEventBatch, frames of real engines and of the reference adapters", () => {
  const vllm = stored({
    blockHashes: words(2164874634404590027n, 17270480062156288726n),
    tokenIds: Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    blockSizeTokens: 4,
    medium: "GPU",
  });
  const grouped = { extraKeys: [null, null], groupIndex: 0, specKind: "full_attention" };
  it.each<[string, string, KvEvent[]]>([
    [
      "vLLM 0.24: maps",
      "93cb41d954fc40200000918ba474797065ab426c6f636b53746f726564ac626c6f636b5f68617368657392cf1e0b2e028ef071cbcfefad121d154ab2d6b1706172656e745f626c6f636b5f68617368c0a9746f6b656e5f696473980102030405060708aa626c6f636b5f73697a6504a76c6f72615f6964c0a66d656469756da3475055a96c6f72615f6e616d65c0aa65787472615f6b65797392c0c0a967726f75705f69647800b26b765f63616368655f737065635f6b696e64ae66756c6c5f617474656e74696f6e00",
      [{ ...vllm, ...grouped }],
    ],
    [
      "vLLM 0.23: arrays of 11",
      "93cb41d954fc40200000919bab426c6f636b53746f72656492cf1e0b2e028ef071cbcfefad121d154ab2d6c098010203040506070804c0a3475055c092c0c000ae66756c6c5f617474656e74696f6e00",
      [{ ...vllm, ...grouped }],
    ],
    [
      "vLLM 0.10.2 and SGLang: arrays of 7",
      "93cb41d954fc402000009197ab426c6f636b53746f72656492cf1e0b2e028ef071cbcfefad121d154ab2d6c098010203040506070804c0a347505500",
      [vllm],
    ],
    [
      "arrays of 5",
      "93cb3ff80000000000009195ab426c6f636b53746f72656491cffccf55888d5ee3d5cffccf55888d5ee3d594010203040400",
      [
        stored({
          blockHashes: words(HASH),
          parentHash: { lo: 0x8d5ee3d5, hi: 0xfccf5588 },
          tokenIds: Uint32Array.of(1, 2, 3, 4),
          blockSizeTokens: 4,
        }),
      ],
    ],
    [
      "digests of 32 bytes",
      "93cb3ff8000000000000919cab426c6f636b53746f72656491c420000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fc0940102030404c0a3475055c09191a4696d673100ae66756c6c5f617474656e74696f6ec000",
      [
        stored({
          blockHashes: words(1736447835066146335n),
          tokenIds: Uint32Array.of(1, 2, 3, 4),
          blockSizeTokens: 4,
          medium: "GPU",
          extraKeys: [["img1"]],
          groupIndex: 0,
          specKind: "full_attention",
        }),
      ],
    ],
    [
      "a removal as map",
      "93cb3ff80000000000009182a474797065ac426c6f636b52656d6f766564ac626c6f636b5f68617368657391cf000000020000000001",
      [{ kind: "removed", blockHashes: words(8589934592n), medium: undefined, groupIndex: undefined }],
    ],
    [
      "a removal by negative number",
      "93cb3ff80000000000009192ac426c6f636b52656d6f76656491d3dab8bcd4cf7c828001",
      [{ kind: "removed", blockHashes: words(15760554518183182976n), medium: undefined, groupIndex: undefined }],
    ],
    ["clearing as array", "93cb3ff80000000000009191b0416c6c426c6f636b73436c656172656400", [CLEARED]],
    ["clearing as map", "93cb3ff80000000000009181a474797065b0416c6c426c6f636b73436c6561726564c0", [CLEARED]],
    [
      "a placeholder of an offload connector",
      "93cb3ff80000000000009188a474797065ab426c6f636b53746f726564ac626c6f636b5f68617368657391cffccf55888d5ee3d5b1706172656e745f626c6f636b5f68617368c0a9746f6b656e5f69647390aa626c6f636b5f73697a6500a76c6f72615f6964c0a66d656469756da3435055a96c6f72615f6e616d65c000",
      [stored({ blockHashes: words(HASH), medium: "CPU" })],
    ],
    ["a batch of 2", "92cb3ff80000000000009191b0416c6c426c6f636b73436c6561726564", [CLEARED]],
  ])("%s", (_name, hex, events) => {
    expect(fromHex(hex).events).toEqual(events);
    expect(fromHex(hex).malformedEvents).toBe(0);
  });

  it("leaves out an unknown event beside a good one", () => {
    const batch = fromHex("93cb3ff80000000000009291b0416c6c426c6f636b73436c656172656491a44e6f706500");
    expect(batch).toEqual({ timestampSeconds: 1.5, events: [CLEARED], dataParallelRank: 0, malformedEvents: 1 });
  });
});

describe("decodeKvEventBatch, forms of a batch", () => {
  const clear = ["AllBlocksCleared"];
  it.each<[string, unknown, number, number | undefined]>([
    ["two elements", [1.5, [clear]], 1.5, undefined],
    ["five elements", [1.5, [clear], 3, "new", { more: [1] }], 1.5, 3],
    ["integer time", [1700000000, [clear], null], 1700000000, undefined],
    ["64-bit time", [1700000000n, [clear], 1n], 1700000000, 1],
    ["no time", [null, [clear], 0], 0, 0],
    ["a rank of another kind", [1.5, [clear], "r1"], 1.5, undefined],
    ["a negative rank", [1.5, [clear], -1], 1.5, undefined],
    ["a map", { ts: 2.5, events: [clear], data_parallel_rank: 1 }, 2.5, 1],
    ["a map in another order, with unknown keys", { x: { y: 1 }, events: [clear], ts: 2.5 }, 2.5, undefined],
    ["a map with Go's names", { TS: 2.5, Events: [clear], DataParallelRank: 4 }, 2.5, 4],
    ["events packed into a binary value", [1.5, pack([clear]), 0], 1.5, 0],
    ["events packed twice", [1.5, pack(pack([clear])), 0], 1.5, 0],
    ["an event packed into a binary value", [1.5, [pack(clear)], 0], 1.5, 0],
    ["an event map packed twice", [1.5, [pack(pack({ type: "AllBlocksCleared" }))], 0], 1.5, 0],
  ])("%s", (_name, value, timestampSeconds, dataParallelRank) => {
    const batch = decodeKvEventBatch(pack(value));
    expect(batch).toEqual({ timestampSeconds, events: [CLEARED], dataParallelRank, malformedEvents: 0 });
  });

  it("takes no events and nil for an empty batch", () => {
    expect(decodeKvEventBatch(pack([1, [], 0])).events).toEqual([]);
    expect(decodeKvEventBatch(pack([1, null, 0])).events).toEqual([]);
  });

  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["a number", pack(7)],
    ["an empty array", pack([])],
    ["a time alone", pack([1.5])],
    ["a text for events", pack([1.5, "events"])],
    ["a text for the time", pack(["now", []])],
    ["a map without events", pack({ ts: 1 })],
    ["bytes behind the batch", Buffer.concat([pack([1, [], 0]), Buffer.of(0)])],
    ["a cut batch", pack([1, [["AllBlocksCleared"]], 0]).subarray(0, 20)],
    ["the unused byte", Buffer.of(0x92, 0xcb, 0, 0, 0, 0, 0, 0, 0, 0, 0x91, 0xc1)],
    ["a promise of 4 billion events", Buffer.of(0x92, 0x01, 0xdd, 0xff, 0xff, 0xff, 0xff)],
    ["events packed five times", pack([1, pack(pack(pack(pack(pack([]))))), 0])],
    ["packed events that are none", pack([1, pack("events"), 0])],
  ])("throws malformed_event for %s", (_name, payload) => {
    expect(() => decodeKvEventBatch(payload)).toThrow(expect.objectContaining({ code: "malformed_event" }));
  });

  it("throws malformed_event for a payload beyond the limit, unread", () => {
    const payload = pack([1, [], 0]);
    expect(() => decodeKvEventBatch(payload, { maxPayloadBytes: payload.length - 1 })).toThrow("longer than the limit");
    expect(decodeKvEventBatch(payload, { maxPayloadBytes: payload.length }).events).toEqual([]);
  });

  it("keeps nothing of the payload", () => {
    const payload = pack([
      1,
      [["BlockStored", [HASH], null, [1, 2], 2, null, "X", "l", [[new Uint8Array([7, 8])]]]],
      0,
    ]);
    const batch = decodeKvEventBatch(payload);
    const before = structuredClone(batch);
    payload.fill(0);
    expect(batch).toEqual(before);
  });
});

describe("decodeKvEventBatch, values", () => {
  it("reads hashes of every integer width and sign", () => {
    const values = [
      0,
      5,
      127,
      128,
      300,
      70000,
      2 ** 32 - 1,
      2n ** 32n,
      2n ** 64n - 1n,
      -1,
      -100,
      -1000,
      -100000,
      -(2n ** 63n),
    ];
    const [event] = eventsOf(["BlockRemoved", values]);
    expect(event?.kind === "removed" && numbers(event.blockHashes)).toEqual(
      values.map((value) => BigInt.asUintN(64, BigInt(value))),
    );
  });

  it("reads digests of any length by their last 8 bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (digest) => {
        const [event] = eventsOf(["BlockRemoved", [digest]]);
        const expected = BigInt(`0x${Buffer.from(digest.slice(-8)).toString("hex")}`);
        expect(event?.kind === "removed" && numbers(event.blockHashes)).toEqual([expected]);
      }),
    );
  });

  it("keeps media, kinds and localities that it does not know", () => {
    const [event] = eventsOf(["BlockStored", [1], 2, [], 0, 4, "MOON_TIER9", "näme", null, 2, "a_kind", 1024, "FAR"]);
    expect(event).toEqual(
      stored({
        blockHashes: words(1n),
        parentHash: { lo: 2, hi: 0 },
        loraId: 4,
        medium: "MOON_TIER9",
        loraName: "näme",
        groupIndex: 2,
        specKind: "a_kind",
        slidingWindow: 1024,
        locality: "FAR",
      }),
    );
  });

  it("passes over elements and keys that it does not know", () => {
    const long = [
      "BlockStored",
      [1],
      null,
      [9],
      1,
      null,
      "GPU",
      null,
      null,
      null,
      null,
      null,
      null,
      { new: [1, 2] },
      "x",
    ];
    const map = {
      unknown: [{ a: 1 }],
      block_hashes: [1],
      token_ids: [9],
      block_size: 1,
      medium: "GPU",
      type: "BlockStored",
    };
    const expected = stored({ blockHashes: words(1n), tokenIds: Uint32Array.of(9), blockSizeTokens: 1, medium: "GPU" });
    expect(eventsOf(long, map)).toEqual([expected, expected]);
    expect(eventsOf(["AllBlocksCleared", { why: "reset" }], { 7: 1, type: "AllBlocksCleared", medium: 5 })).toEqual([
      CLEARED,
      CLEARED,
    ]);
    const removed = { kind: "removed", blockHashes: words(1n), medium: "CPU", groupIndex: 3 };
    expect(eventsOf(["BlockRemoved", [1], "CPU", 3, "LOCAL", 77])).toEqual([removed]);
  });

  it("reads extra keys as they were published", () => {
    const keys = [["l1", ["img", 3], "salt"], null, [new Uint8Array([1, 2]), -4, 2n ** 60n]];
    const [event] = eventsOf(["BlockStored", [1, 2, 3], null, [1, 2, 3], 1, 7, "GPU", "l1", keys]);
    expect(event?.kind === "stored" && event.extraKeys).toEqual(keys);
  });

  it("reads SGLang's metadata in the place of the adapter's name", () => {
    const tail = [[1, 2], 1, null, "GPU", { cache_salt: "tenant", session_id: "s" }];
    const [first, later] = eventsOf(["BlockStored", [1, 2], null, ...tail], ["BlockStored", [3, 4], 2, ...tail]);
    expect(first).toMatchObject({ loraName: undefined, extraKeys: [["tenant"], null] });
    expect(later).toMatchObject({ loraName: undefined, extraKeys: undefined });
    const [plain] = eventsOf(["BlockStored", [1], null, [1], 1, null, "GPU", { session_id: "s" }]);
    expect(plain).toMatchObject({ loraName: undefined, extraKeys: undefined });
  });

  it("reads more tokens than hashes fill, and hashes without tokens", () => {
    const [sliding, mooncake] = eventsOf(
      ["BlockStored", [], 5, [1, 2, 3, 4], 2, null, "GPU", null, null, 1, "sliding_window", 4],
      { type: "BlockStored", block_hashes: [6], medium: "CPU" },
    );
    expect(sliding).toMatchObject({ tokenIds: Uint32Array.of(1, 2, 3, 4), blockHashes: new Uint32Array(0) });
    expect(mooncake).toEqual(stored({ blockHashes: words(6n), medium: "CPU" }));
  });
});

describe("decodeKvEventBatch, one bad event", () => {
  it.each<[DecodeReason, unknown]>([
    ["unknown_tag", ["Nope", 1]],
    ["unknown_tag", { type: "Nope" }],
    ["unknown_tag", { type: 5 }],
    ["missing_field", { block_hashes: [1] }],
    ["missing_field", []],
    ["wrong_type", "BlockStored"],
    ["wrong_type", null],
    ["wrong_type", true],
    ["missing_field", ["BlockStored", [1], null, [1]]],
    ["missing_field", ["BlockStored", [1], null, [1, 2], 0]],
    ["missing_field", ["BlockRemoved"]],
    ["missing_field", { type: "BlockRemoved", medium: "GPU" }],
    ["wrong_type", ["BlockRemoved", null]],
    ["wrong_type", ["BlockRemoved", ["hash"]]],
    ["wrong_type", ["BlockRemoved", [1.5]]],
    ["bad_hash", ["BlockRemoved", [new Uint8Array(0)]]],
    ["wrong_type", ["BlockStored", [1], null, [1.5], 1]],
    ["wrong_type", ["BlockStored", [1], null, "tokens", 1]],
    ["number_out_of_range", ["BlockStored", [1], null, [1], -1]],
    ["wrong_type", ["BlockStored", [1], null, [1], 1, "seven"]],
    ["wrong_type", ["BlockStored", [1], null, [1], 1, null, 5]],
    ["wrong_type", ["BlockStored", [1], null, [1], 1, null, "GPU", null, ["salt"]]],
    ["number_out_of_range", ["BlockStored", [1], null, [1], 1, null, "GPU", null, null, -1]],
    ["trailing_bytes", Buffer.concat([pack(["AllBlocksCleared"]), Buffer.of(0)])],
    ["truncated", new Uint8Array([0x91, 0xb0, 0x41])],
    ["truncated", new Uint8Array(0)],
    ["invalid_byte", new Uint8Array([0x96, 0xac, ...Buffer.from("BlockRemoved"), 0x91, 0x01, 0xc0, 0xc0, 0xc0, 0xc1])],
    ["too_deep", pack(pack(pack(pack(pack(["AllBlocksCleared"])))))],
  ])("%s: %j", (reason, event) => {
    const good = ["BlockRemoved", [7]];
    const told: [DecodeReason, number][] = [];
    const batch = decodeKvEventBatch(pack([1, [good, event, good], 2]), {
      onMalformed: (why, index) => told.push([why, index]),
    });
    expect(batch.events).toHaveLength(2);
    expect(batch.events.every((kept) => kept.kind === "removed" && numbers(kept.blockHashes)[0] === 7n)).toBe(true);
    expect(batch).toMatchObject({ dataParallelRank: 2, malformedEvents: 1 });
    expect(told).toEqual([[reason, 1]]);
  });

  it("costs little: a million bad events are counted within seconds", () => {
    const payload = Buffer.alloc(1_000_000 + 7, 0xc0);
    payload.set([0x92, 0x01, 0xdd, 0x00, 0x0f, 0x42, 0x40]);
    expect(decodeKvEventBatch(payload)).toMatchObject({ events: [], malformedEvents: 1_000_000 });
  });
});
