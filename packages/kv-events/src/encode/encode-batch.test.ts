import { decode } from "@msgpack/msgpack";
import type { KvEvent, KvEventBatch } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pack, stored, words } from "../../test/wire";
import { decodeKvEventBatch } from "../decode/batch";
import { type EncodeOptions, encodeKvEventBatch } from "./encode-batch";
import type { EngineBatch } from "./engine-batch";

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const hashes = fc.array(uint64, { maxLength: 20 }).map((values) => words(...values));
const medium = fc.constantFrom(undefined, "GPU", "CPU", "STORAGE", "CPU_TIER1", "ünknown");
const optionalCount = fc.option(fc.nat(100_000), { nil: undefined });
const extraKey = fc.oneof(fc.string(), fc.tuple(fc.string(), fc.nat()), fc.uint8Array({ maxLength: 40 }));
const extraKeys = fc.array(fc.option(fc.array(extraKey, { minLength: 1, maxLength: 3 })), {
  minLength: 1,
  maxLength: 5,
});

const storedEvent = fc
  .record({
    blockHashes: hashes,
    parentHash: fc.option(uint64, { nil: undefined }).map((value) => {
      const pair = value === undefined ? undefined : words(value);
      return pair && { lo: pair[0]!, hi: pair[1]! };
    }),
    tokenIds: fc.uint32Array({ maxLength: 40 }),
    blockSizeTokens: fc.integer({ min: 1, max: 4096 }),
    loraId: optionalCount,
    loraName: fc.option(fc.string(), { nil: undefined }),
    medium,
    extraKeys: fc.option(extraKeys, { nil: undefined }),
    groupIndex: optionalCount,
    specKind: fc.constantFrom(undefined, "full_attention", "mamba"),
    slidingWindow: optionalCount,
    locality: fc.constantFrom(undefined, "LOCAL", "REMOTE"),
  })
  .map(stored);
const event: fc.Arbitrary<KvEvent> = fc.oneof(
  storedEvent,
  fc.record({ kind: fc.constant("removed" as const), blockHashes: hashes, medium, groupIndex: optionalCount }),
  fc.constant<KvEvent>({ kind: "cleared" }),
);
const batches: fc.Arbitrary<KvEventBatch> = fc.record({
  timestampSeconds: fc.double({ min: 0, max: 4e9, noNaN: true }),
  events: fc.array(event, { maxLength: 20 }),
  dataParallelRank: fc.option(fc.nat(63), { nil: undefined }),
  malformedEvents: fc.constant(0),
});
const options: fc.Arbitrary<EncodeOptions> = fc.record({
  form: fc.constantFrom("map", "array"),
  hashes: fc.constantFrom("int", "bytes"),
});

describe("encodeKvEventBatch", () => {
  it("writes what decodeKvEventBatch reads, in every form", () => {
    fc.assert(
      fc.property(batches, options, (batch, form) => {
        expect(decodeKvEventBatch(encodeKvEventBatch(batch, form))).toEqual(batch);
      }),
      { numRuns: 300 },
    );
  });

  it("writes msgpack that an independent decoder reads", () => {
    fc.assert(
      fc.property(batches, options, (batch, form) => {
        const [seconds, events] = decode(encodeKvEventBatch(batch, form), { useBigInt64: true }) as [number, unknown[]];
        expect(seconds).toBe(batch.timestampSeconds);
        expect(events.every((event) => Array.isArray(event) === (form.form === "array"))).toBe(true);
        expect(events).toHaveLength(batch.events.length);
      }),
    );
  });

  const event = stored({
    blockHashes: words(2164874634404590027n, 17270480062156288726n),
    tokenIds: Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    blockSizeTokens: 4,
    medium: "GPU",
    extraKeys: [null, null],
    groupIndex: 0,
    specKind: "full_attention",
  });
  const batch: EngineBatch = { timestampSeconds: 1700000000.5, events: [event], dataParallelRank: 0 };

  it.each<[string, "map" | "array", string]>([
    [
      "vLLM 0.24's maps",
      "map",
      "93cb41d954fc40200000918ba474797065ab426c6f636b53746f726564ac626c6f636b5f68617368657392cf1e0b2e028ef071cbcfefad121d154ab2d6b1706172656e745f626c6f636b5f68617368c0a9746f6b656e5f696473980102030405060708aa626c6f636b5f73697a6504a76c6f72615f6964c0a66d656469756da3475055a96c6f72615f6e616d65c0aa65787472615f6b65797392c0c0a967726f75705f69647800b26b765f63616368655f737065635f6b696e64ae66756c6c5f617474656e74696f6e00",
    ],
    [
      "vLLM 0.23's arrays, cut behind the last field that is set",
      "array",
      "93cb41d954fc40200000919bab426c6f636b53746f72656492cf1e0b2e028ef071cbcfefad121d154ab2d6c098010203040506070804c0a3475055c092c0c000ae66756c6c5f617474656e74696f6e00",
    ],
  ])("writes %s to the byte", (_name, form, hex) => {
    expect(Buffer.from(encodeKvEventBatch(batch, { form, hashes: "int" })).toString("hex")).toBe(hex);
  });

  it("writes removals and clearings to the byte", () => {
    const removed = {
      kind: "removed",
      blockHashes: words(2164874634404590027n),
      medium: "GPU",
      groupIndex: 0,
    } as const;
    const hex = (events: EngineBatch["events"]): string =>
      Buffer.from(encodeKvEventBatch({ ...batch, events }, { form: "map", hashes: "int" })).toString("hex");
    expect(hex([removed])).toBe(
      "93cb41d954fc402000009184a474797065ac426c6f636b52656d6f766564ac626c6f636b5f68617368657391cf1e0b2e028ef071cba66d656469756da3475055a967726f75705f6964780000",
    );
    expect(hex([{ kind: "cleared" }])).toBe("93cb41d954fc402000009181a474797065b0416c6c426c6f636b73436c656172656400");
    const array = encodeKvEventBatch({ ...batch, events: [{ kind: "cleared" }] }, { form: "array", hashes: "int" });
    expect(Buffer.from(array).toString("hex")).toBe("93cb41d954fc402000009191b0416c6c426c6f636b73436c656172656400");
  });

  it("writes a batch without rank in two elements", () => {
    const bytes = encodeKvEventBatch({ timestampSeconds: 1, events: [] }, { form: "map", hashes: "int" });
    expect(decode(bytes)).toEqual([1, []]);
  });

  it("takes whole digests, and cuts them where integers are wanted", () => {
    const digests = [1, 2].map((seed) => Uint8Array.from({ length: 32 }, (_, i) => (i * 7 + seed) & 0xff));
    const parent = new Uint8Array(16).fill(9);
    const engine: EngineBatch = {
      timestampSeconds: 1,
      dataParallelRank: 0,
      events: [
        {
          kind: "stored",
          blockDigests: digests,
          parentDigest: parent,
          tokenIds: Uint32Array.of(1, 2),
          blockSizeTokens: 1,
        },
        { kind: "removed", blockDigests: digests, locality: "LOCAL" },
      ],
    };
    const raw = decode(encodeKvEventBatch(engine, { form: "map", hashes: "bytes" })) as [
      number,
      Record<string, unknown>[],
    ];
    expect(raw[1][0]).toMatchObject({ block_hashes: digests, parent_block_hash: parent });
    expect(raw[1][1]).toEqual({ type: "BlockRemoved", block_hashes: digests, medium: null, locality: "LOCAL" });
    const asBytes = decodeKvEventBatch(encodeKvEventBatch(engine, { form: "map", hashes: "bytes" }));
    const asInts = decodeKvEventBatch(encodeKvEventBatch(engine, { form: "array", hashes: "int" }));
    expect(asInts).toEqual(asBytes);
  });

  it("writes the bytes of an equal encoding by an independent encoder", () => {
    const value = [1.5, [["BlockRemoved", [2n ** 63n, 5], "GPU"]], 3];
    const removed = {
      kind: "removed",
      blockHashes: words(2n ** 63n, 5n),
      medium: "GPU",
      groupIndex: undefined,
    } as const;
    const bytes = encodeKvEventBatch(
      { timestampSeconds: 1.5, events: [removed], dataParallelRank: 3 },
      { form: "array", hashes: "int" },
    );
    expect(bytes).toEqual(pack(value));
  });
});
