import { createNativeHasher } from "@warmpath/block-hashing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../tooling/testing/clock";
import { audit } from "../test/audit";
import { batch, keysOf, rows, SMALL, sourceOf, stored, tokensFrom } from "../test/support";
import { ApplyEvents } from "./apply-events";
import { Booker } from "./booker";
import { createPrefixMatches } from "./matches";
import { resolveKvIndexOptions } from "./options";
import { buildParts } from "./parts";
import { PrefixWalk } from "./prefix-walk";

const SLOTS = 3;
const BLOCKS = 6;
const hasher = createNativeHasher({ blockSizeTokens: 16 });
const PROMPTS = [0, 1].map((i) => {
  const tokens = tokensFrom(5000 * i, 16 * BLOCKS);
  return { tokens, keys: keysOf(hasher, tokens) };
});

const step = fc.record({
  kind: fc.constantFrom("book" as const, "book" as const, "store" as const, "remove" as const, "wait" as const),
  slot: fc.nat(SLOTS - 1),
  prompt: fc.nat(1),
  count: fc.integer({ min: 1, max: BLOCKS }),
  ttlMs: fc.constantFrom(80, 800, 4000),
  waitMs: fc.integer({ min: 1, max: 500 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Block i of the prompt: booked until at least and at most, and whether the engine has it. */
interface Known {
  leastMs: number;
  mostMs: number;
  stored: boolean;
}

function play(steps: readonly Step[]): void {
  const clock = new ManualClock(1000);
  const { parts, sets } = buildParts(
    resolveKvIndexOptions({ hasher, clock, maxBytes: SMALL, maxEndpoints: SLOTS }),
    () => {},
  );
  const events = new ApplyEvents(parts);
  const booker = new Booker(parts.store, sets, parts.holders, parts.bookings);
  const walk = new PrefixWalk(parts.store, sets, parts.holders, SLOTS);
  const known = Array.from({ length: SLOTS }, () =>
    PROMPTS.map(() => Array.from({ length: BLOCKS }, (): Known => ({ leastMs: 0, mostMs: 0, stored: false }))),
  );
  const matches = createPrefixMatches(1);
  for (const { kind, slot, prompt, count, ttlMs, waitMs } of steps) {
    const blocks = known[slot]![prompt]!;
    const { tokens, keys } = PROMPTS[prompt]!;
    if (kind === "wait") clock.advance(waitMs);
    else if (kind === "book") {
      booker.book(slot, keys, count, ttlMs);
      const endMs = clock.nowMs() + ttlMs;
      // What the engine has, and the blocks before it, need no booking.
      const first = blocks.slice(0, count).findIndex((block) => !block.stored && block.leastMs < endMs);
      blocks.slice(0, count).forEach((block, i) => {
        if (first >= 0 && i >= first) block.leastMs = Math.max(block.leastMs, endMs);
        block.mostMs = Math.max(block.mostMs, endMs + ttlMs / 8);
      });
    } else {
      const numbers = Array.from({ length: count }, (_, i) => 100 * prompt + i + 1);
      const isNew = numbers.filter((_, i) => !blocks[i]!.stored);
      const held = numbers.filter((_, i) => blocks[i]!.stored).reverse();
      if (kind === "store" && isNew.length > 0) {
        const from = numbers.indexOf(isNew[0]!);
        const parent = from > 0 ? { parent: numbers[from - 1]! } : {};
        const run = stored({ blocks: numbers.slice(from), tokens: tokens.slice(16 * from, 16 * count), ...parent });
        events.apply(sourceOf(slot), batch(run));
      } else if (kind === "remove" && held.length > 0) {
        for (const n of held) {
          const event = {
            kind: "removed" as const,
            blockHashes: Uint32Array.of(n, n ^ 0x5a5a),
            medium: "GPU",
            groupIndex: 0,
          };
          events.apply(sourceOf(slot), batch(event));
        }
      } else continue;
      const touched = kind === "store" ? isNew : held;
      for (const n of touched)
        Object.assign(blocks[n - 100 * prompt - 1]!, { stored: kind === "store", leastMs: 0, mostMs: 0 });
      // Blocks after a removed one are out of reach; the engine removes them first.
      if (kind === "remove") {
        const rest = blocks.flatMap((block, i) => (i >= count && block.stored ? [100 * prompt + i + 1] : []));
        for (const n of rest) {
          const event = {
            kind: "removed" as const,
            blockHashes: Uint32Array.of(n, n ^ 0x5a5a),
            medium: "GPU",
            groupIndex: 0,
          };
          events.apply(sourceOf(slot), batch(event));
          Object.assign(blocks[n - 100 * prompt - 1]!, { stored: false, leastMs: 0, mostMs: 0 });
        }
      }
    }
    check();
  }
  parts.store.sweep(1 << 20);
  audit(parts, sets);

  function check(): void {
    const now = clock.nowMs();
    for (const [p, { keys }] of PROMPTS.entries()) {
      walk.lookup(keys, matches);
      const found = new Map(rows(matches).map((row) => [row.slot, row.blocks]));
      for (let slot = 0; slot < SLOTS; slot++) {
        const blocks = known[slot]![p]!;
        const run = (there: (block: Known) => boolean) => {
          const end = blocks.findIndex((block) => !there(block));
          return end < 0 ? BLOCKS : end;
        };
        const depth = found.get(slot) ?? 0;
        expect(depth).toBeGreaterThanOrEqual(run((block) => block.stored || block.leastMs > now));
        expect(depth).toBeLessThanOrEqual(run((block) => block.stored || block.mostMs > now));
      }
    }
  }
}

describe("bookings among events", () => {
  it("last their time, at most an eighth longer, and leave nothing behind", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40, size: "max" }), play), { numRuns: 150 });
  });
});
