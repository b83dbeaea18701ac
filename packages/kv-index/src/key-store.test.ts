import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../tooling/testing/clock";
import { audit } from "../test/audit";
import { makeIndex, rows, SMALL } from "../test/support";
import { createPrefixMatches } from "./matches";
import { resolveKvIndexOptions } from "./options";
import { buildParts } from "./parts";
import { PrefixWalk } from "./prefix-walk";

const hasher = { contractVersion: 1 as const, algorithm: "none", append: () => 0 };
const SLOTS = 5;
const KEYS = 24;

/** Key i of the universe: few low words, so that many share one. */
const keyWords = (ids: readonly number[]) => Uint32Array.from(ids.flatMap((id) => [id % 3, id]));

type Step =
  | { readonly kind: "store" | "remove"; readonly slot: number; readonly tier: number; readonly ids: readonly number[] }
  | { readonly kind: "end"; readonly slot: number; readonly tier: number }
  | { readonly kind: "sweep"; readonly positions: number };

const run = fc
  .tuple(fc.nat(KEYS - 1), fc.integer({ min: 1, max: 12 }), fc.constantFrom(1, -1), fc.nat(3))
  .map(([from, length, step, skip]) =>
    Array.from({ length }, (_, i) => (from + step * i + (i > 5 ? skip : 0) + 4 * KEYS) % KEYS),
  );
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constantFrom("store" as const, "store" as const, "remove" as const),
      slot: fc.nat(SLOTS - 1),
      tier: fc.nat(2),
      ids: run,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), slot: fc.nat(SLOTS - 1), tier: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("sweep" as const), positions: fc.integer({ min: 1, max: 2000 }) }),
  },
);

/** The same in plain maps. */
class Model {
  readonly held = new Map<string, Set<number>>();

  at(slot: number, tier: number): Set<number> {
    const name = `${slot},${tier}`;
    const found = this.held.get(name) ?? new Set();
    this.held.set(name, found);
    return found;
  }

  lookup(ids: readonly number[]): { slot: number; blocks: number; tiers: number[] }[] {
    const found = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const tiers = [0, 0, 0];
      let blocks = 0;
      for (const id of ids) {
        const tier = [0, 1, 2].find((one) => this.at(slot, one).has(id));
        if (tier === undefined) break;
        tiers[tier]!++;
        blocks++;
      }
      if (blocks > 0) found.push({ slot, blocks, tiers });
    }
    return found;
  }
}

function play(steps: readonly Step[], prompts: readonly (readonly number[])[], words: Uint32Array): void {
  const options = resolveKvIndexOptions({
    hasher,
    clock: new ManualClock(1000),
    maxBytes: SMALL,
    maxEndpoints: SLOTS,
    hashSecret: words,
  });
  const { parts, sets } = buildParts(options, () => {});
  const walk = new PrefixWalk(parts.store, sets, parts.holders, SLOTS);
  const holders = new Map<string, number>();
  const model = new Model();
  const matches = createPrefixMatches(1);
  for (const one of steps) {
    if (one.kind === "sweep") {
      parts.store.sweep(one.positions);
      continue;
    }
    const name = `${one.slot},${one.tier}`;
    if (one.kind === "end") {
      if (holders.has(name)) parts.holders.end(holders.get(name)!);
      holders.delete(name);
      model.at(one.slot, one.tier).clear();
    } else {
      const holder = holders.get(name) ?? parts.holders.create(one.slot, one.tier as 0 | 1 | 2);
      holders.set(name, holder);
      const keys = keyWords(one.ids);
      if (one.kind === "store") parts.store.hold(keys, 0, one.ids.length, holder, -1);
      else parts.store.drop(keys, 0, one.ids.length, holder);
      for (const id of one.ids) {
        if (one.kind === "store") model.at(one.slot, one.tier).add(id);
        else model.at(one.slot, one.tier).delete(id);
      }
    }
    for (const ids of prompts) {
      walk.lookup({ words: keyWords(ids), count: ids.length, blockSizeTokens: 16 }, matches);
      expect(rows(matches)).toEqual(model.lookup(ids));
    }
  }
  audit(parts, sets);
}

describe("KeyStore with PrefixWalk", () => {
  it("answers as plain maps do, under any stores, removals, ends and sweeps", () => {
    const secret = fc.uint32Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: "max" }),
        fc.array(run, { minLength: 1, maxLength: 4 }),
        secret,
        play,
      ),
      { numRuns: 100 },
    );
  });

  it("takes a holder's number back only when no set names it", () => {
    const { parts, sets } = buildParts(
      resolveKvIndexOptions({ hasher, clock: new ManualClock(1000), maxBytes: SMALL, maxEndpoints: SLOTS }),
      () => {},
    );
    const [a, b] = [parts.holders.create(0, 0), parts.holders.create(1, 0)];
    const keys = keyWords([1, 2, 3]);
    parts.store.hold(keys, 0, 3, a, -1);
    parts.store.hold(keys, 0, 2, b, -1);
    parts.holders.end(a);
    expect(parts.holders.create(2, 0)).not.toBe(a);
    expect(parts.store.sweep(1 << 20)).toBe(false);
    expect(parts.store.slab.live).toBe(2);
    expect(parts.holders.create(3, 0)).toBe(a);
    audit(parts, sets);
  });
});

describe("KeyStore when it is full", () => {
  it("gives up cold keys, keeps within its bytes and never claims what was not stored", () => {
    const { index } = makeIndex({ maxBytes: 3 * 2 ** 20, hasher });
    const matches = createPrefixMatches();
    const hot = keyWords([4_000_000, 4_000_001, 4_000_002]);
    const hotKeys = { words: hot, count: 3, blockSizeTokens: 16 };
    index.applyStored(7, 0, hot, 0, 3);
    index.applyStored(8, 0, hot, 0, 3);
    for (let i = 0; i < 4000; i++) {
      const ids = Array.from({ length: 32 }, (_, k) => 32 * i + k);
      index.applyStored(i % 7, 0, keyWords(ids), 0, 32);
      if (i % 16 === 0) index.lookup(hotKeys, matches);
    }
    const stats = index.stats();
    expect(stats.evictedBlocks).toBeGreaterThan(50_000);
    expect(stats.blocks + stats.evictedBlocks).toBe(4000 * 32 + 3);
    expect(stats.bytes).toBeLessThanOrEqual(stats.maxBytes);
    index.lookup(hotKeys, matches);
    expect(rows(matches).map((row) => [row.slot, row.blocks])).toEqual([
      [7, 3],
      [8, 3],
    ]);
    // The newest prompt is whole, and an old one is gone.
    const newest = keyWords(Array.from({ length: 32 }, (_, k) => 32 * 3999 + k));
    index.lookup({ words: newest, count: 32, blockSizeTokens: 16 }, matches);
    expect(rows(matches)).toEqual([{ slot: 3999 % 7, blocks: 32, tiers: [32, 0, 0] }]);
    index.lookup({ words: keyWords([32 * 100]), count: 1, blockSizeTokens: 16 }, matches);
    expect(matches.count).toBe(0);
  });

  it("keeps many holders' blocks longer than single ones", () => {
    const { index } = makeIndex({ maxBytes: 3 * 2 ** 20, hasher });
    const matches = createPrefixMatches();
    const shared = Array.from({ length: 400 }, (_, k) => 5_000_000 + 2 * k);
    const single = Array.from({ length: 400 }, (_, k) => 5_000_001 + 2 * k);
    for (let k = 0; k < 400; k++) {
      index.applyStored(1, 0, keyWords([shared[k]!]), 0, 1);
      index.applyStored(2, 0, keyWords([shared[k]!]), 0, 1);
      index.applyStored(1, 0, keyWords([single[k]!]), 0, 1);
    }
    let i = 0;
    for (; index.stats().evictedBlocks === 0; i++) {
      index.applyStored(3, 0, keyWords(Array.from({ length: 32 }, (_, k) => 32 * i + k)), 0, 32);
    }
    const held = (ids: readonly number[]) =>
      ids.filter((id) => {
        index.lookup({ words: keyWords([id]), count: 1, blockSizeTokens: 16 }, matches);
        return matches.count > 0;
      }).length;
    expect(held(shared)).toBe(400);
    expect(held(single)).toBe(0);
  });
});
