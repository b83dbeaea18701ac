import { WarmpathError } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pack, stored, words } from "../../test/wire";
import { encodeKvEventBatch } from "../encode/encode-batch";
import { decodeKvEventBatch } from "./batch";

const FRAMES = 10_000;

/** Batches of every form, to be damaged. */
const seeds: readonly Uint8Array[] = (() => {
  const event = stored({
    blockHashes: words(0xfccf55888d5ee3d5n, 0x1e0b2e028ef071cbn),
    parentHash: { lo: 7, hi: 9 },
    tokenIds: Uint32Array.from({ length: 32 }, (_, i) => i * 4099),
    blockSizeTokens: 16,
    loraId: 3,
    loraName: "adapter",
    medium: "GPU",
    extraKeys: [["salt", ["img", 4]], null],
    groupIndex: 0,
    specKind: "full_attention",
    slidingWindow: 128,
    locality: "LOCAL",
  });
  const removed = { kind: "removed", blockHashes: words(5n, 6n), medium: "CPU", groupIndex: 1 } as const;
  const events = [{ kind: "cleared" } as const, removed, event];
  const batch = { timestampSeconds: 1700000000.5, events, dataParallelRank: 0 };
  const forms = (["map", "array"] as const).flatMap((form) =>
    (["int", "bytes"] as const).map((hashes) => encodeKvEventBatch(batch, { form, hashes })),
  );
  return [...forms, pack({ ts: 1, events: [pack(["BlockRemoved", [1]])], data_parallel_rank: 0 })];
})();

interface Damage {
  readonly seed: number;
  readonly edits: readonly (readonly [at: number, byte: number])[];
  readonly cut: number;
  readonly extra: Uint8Array;
}

const damages: fc.Arbitrary<Damage> = fc.record({
  seed: fc.nat(seeds.length - 1),
  edits: fc.array(fc.tuple(fc.nat(5_000), fc.nat(255)), { maxLength: 8 }),
  cut: fc.oneof(fc.constant(0), fc.nat(400)),
  extra: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 20 })),
});

function damaged({ seed, edits, cut, extra }: Damage): Uint8Array {
  const bytes = seeds[seed]!.slice();
  for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
  return Buffer.concat([bytes.subarray(0, Math.max(0, bytes.length - cut)), extra]);
}

/** What became of a frame; fails where it is neither read nor refused as malformed, or where the counts differ. */
function outcome(frame: Uint8Array): "refused" | "partly" | "whole" {
  let told = 0;
  try {
    const { malformedEvents } = decodeKvEventBatch(frame, { onMalformed: () => told++ });
    if (malformedEvents !== told) expect.unreachable(`${malformedEvents} events counted, ${told} told of`);
    return told > 0 ? "partly" : "whole";
  } catch (error) {
    if (!WarmpathError.isInstance(error) || error.code !== "malformed_event") throw error;
    return "refused";
  }
}

describe("decodeKvEventBatch, fuzzed", () => {
  it(`survives ${FRAMES} damaged frames, counts what it leaves out, and reads the next good one`, () => {
    const good = encodeKvEventBatch(
      { timestampSeconds: 2, events: [{ kind: "removed", blockHashes: words(42n) }], dataParallelRank: 1 },
      { form: "map", hashes: "int" },
    );
    const sums = { refused: 0, partly: 0, whole: 0 };
    for (const damage of fc.sample(damages, { numRuns: FRAMES, seed: 42 })) {
      sums[outcome(damaged(damage))]++;
      const { events, malformedEvents } = decodeKvEventBatch(good);
      const [event] = events;
      const right = event?.kind === "removed" && event.blockHashes[0] === 42 && events.length === 1;
      if (!right || malformedEvents !== 0) expect.unreachable(`a good frame was read as ${JSON.stringify(events)}`);
    }
    // Each outcome was met often, so none of the checks above was idle.
    for (const count of Object.values(sums)) expect(count).toBeGreaterThan(FRAMES / 100);
  });

  it("survives random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeKvEventBatch(bytes);
        } catch (error) {
          expect(WarmpathError.isInstance(error) && error.code).toBe("malformed_event");
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
