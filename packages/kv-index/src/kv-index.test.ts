import type { Metrics } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import {
  batch,
  cleared,
  copiesOf,
  depths,
  hashOf,
  keysOf,
  makeIndex,
  placeholder,
  removed,
  rows,
  sourceOf,
  stored,
  tokensFrom,
} from "../test/support";
import { createKvIndex, createPrefixMatches } from "./index";

const tokens = tokensFrom(100, 64);

describe("apply: copies", () => {
  it("keeps a block until as many removals came as stores", () => {
    const { index, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    index.apply(sourceOf(1), batch(stored({ blocks: [1, 2, 3, 4], tokens })));
    index.apply(sourceOf(1), batch(stored({ blocks: [4], parent: 3, tokens: tokens.slice(48) })));
    expect(copiesOf(index, 1)).toEqual({ "0:1": 1, "0:2": 1, "0:3": 1, "0:4": 2 });
    index.apply(sourceOf(1), batch(removed([4])));
    expect(depths(index, keys)).toEqual([[1, 4]]);
    index.apply(sourceOf(1), batch(removed([4]), removed([3])));
    expect(depths(index, keys)).toEqual([[1, 2]]);
    expect(index.incidents().unknown_removals).toBe(0);
  });

  it("counts a prompt of one block computed again as a copy", () => {
    const { index } = makeIndex();
    for (let i = 0; i < 3; i++) {
      index.apply(sourceOf(1), batch(stored({ blocks: [1], tokens: tokens.slice(0, 16) })));
    }
    expect(copiesOf(index, 1)).toEqual({ "0:1": 3 });
  });

  it("counts past 255 copies", () => {
    const { index, hasher } = makeIndex();
    const one = stored({ blocks: [1], tokens: tokens.slice(0, 16) });
    index.apply(sourceOf(1), batch(...Array.from({ length: 70_000 }, () => one)));
    expect(copiesOf(index, 1)).toEqual({ "0:1": 65_535 });
    expect(index.incidents().saturated_copies).toBe(70_000 - 65_535);
    index.apply(sourceOf(1), batch(...Array.from({ length: 65_534 }, () => removed([1]))));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[1, 1]]);
    index.apply(sourceOf(1), batch(removed([1])));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([]);
  });
});

describe("apply: full reports", () => {
  const first = stored({ blocks: [1, 2, 3], tokens: tokens.slice(0, 48) });
  const more = stored({ blocks: [4], parent: 3, tokens: tokens.slice(48) });

  it("does not count blocks announced again from the prompt's start", () => {
    const { index, hasher } = makeIndex();
    index.apply(sourceOf(1), batch(first));
    index.apply(sourceOf(1), batch(first, more));
    expect(copiesOf(index, 1)).toEqual({ "0:1": 1, "0:2": 1, "0:3": 1, "0:4": 1 });
    expect(index.incidents().reannounced_blocks).toBe(3);
    index.apply(sourceOf(1), batch(removed([4]), removed([3])));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[1, 2]]);
  });

  it("takes one block for a report where the batch goes on from it, and for a copy where it does not", () => {
    const one = stored({ blocks: [1], tokens: tokens.slice(0, 16) });
    const next = stored({ blocks: [2], parent: 1, tokens: tokens.slice(16, 32) });
    const { index } = makeIndex();
    index.apply(sourceOf(1), batch(one));
    index.apply(sourceOf(1), batch(one, next));
    expect(copiesOf(index, 1)).toEqual({ "0:1": 1, "0:2": 1 });
    index.apply(sourceOf(1), batch(one));
    expect(copiesOf(index, 1)).toEqual({ "0:1": 2, "0:2": 1 });
  });

  it("stores the blocks of a report that are not known yet", () => {
    const { index, hasher } = makeIndex();
    index.apply(sourceOf(1), batch(stored({ blocks: [1], tokens: tokens.slice(0, 16) })));
    index.apply(sourceOf(1), batch(first));
    expect(copiesOf(index, 1)).toEqual({ "0:1": 1, "0:2": 1, "0:3": 1 });
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[1, 3]]);
  });

  it("follows the option where the operator knows", () => {
    const copies = makeIndex({ reannouncements: "copies" }).index;
    copies.apply(sourceOf(1), batch(first, first));
    expect(copiesOf(copies, 1)).toEqual({ "0:1": 2, "0:2": 2, "0:3": 2 });
    const reports = makeIndex({ reannouncements: "reports" }).index;
    const one = stored({ blocks: [1], tokens: tokens.slice(0, 16) });
    reports.apply(sourceOf(1), batch(one, one));
    expect(copiesOf(reports, 1)).toEqual({ "0:1": 1 });
  });
});

describe("apply: tiers", () => {
  it("follows a block from GPU to CPU and back by placeholders", () => {
    const { index, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens.subarray(0, 32));
    const matches = createPrefixMatches();
    const seen = () => {
      index.lookup(keys, matches);
      return rows(matches).map((row) => row.tiers);
    };
    index.apply(sourceOf(1), batch(stored({ blocks: [1, 2], tokens: tokens.slice(0, 32) })));
    expect(seen()).toEqual([[2, 0, 0]]);
    index.apply(sourceOf(1), batch(placeholder([1, 2], "CPU")));
    expect(seen()).toEqual([[2, 0, 0]]);
    index.apply(sourceOf(1), batch(removed([2])));
    expect(seen()).toEqual([[1, 1, 0]]);
    index.apply(sourceOf(1), batch(removed([1]), placeholder([2], "fs"), removed([2], "CPU")));
    expect(seen()).toEqual([[0, 1, 1]]);
    index.apply(sourceOf(1), batch(removed([1], "CPU"), removed([2], "FS")));
    expect(seen()).toEqual([]);
    expect(index.stats()).toMatchObject({ blocks: 0, holders: 0 });
  });

  it("continues a prefix in any tier, one endpoint apart from another", () => {
    const { index, hasher } = makeIndex();
    const [a, b, c, d] = [0, 16, 32, 48].map((from) => tokens.slice(from, from + 16)) as [
      Uint32Array,
      Uint32Array,
      Uint32Array,
      Uint32Array,
    ];
    index.apply(
      sourceOf(1),
      batch(
        stored({ blocks: [1], tokens: a }),
        stored({ blocks: [2], parent: 1, tokens: b, medium: "CPU_TIER1" }),
        stored({ blocks: [3], parent: 2, tokens: c, medium: "OBJ" }),
        stored({ blocks: [4], parent: 3, tokens: d }),
      ),
    );
    index.apply(sourceOf(2), batch(stored({ blocks: [1], tokens: a }), stored({ blocks: [9], parent: 1, tokens: c })));
    const matches = createPrefixMatches();
    index.lookup(keysOf(hasher, tokens), matches);
    expect(rows(matches)).toEqual([
      { slot: 1, blocks: 4, tiers: [2, 1, 1] },
      { slot: 2, blocks: 1, tiers: [1, 0, 0] },
    ]);
  });

  it("takes an unknown medium for storage and counts it", () => {
    const { index, hasher } = makeIndex();
    index.apply(sourceOf(1), batch(stored({ blocks: [1], tokens: tokens.slice(0, 16), medium: "TAPE" })));
    const matches = createPrefixMatches();
    index.lookup(keysOf(hasher, tokens), matches);
    expect(rows(matches)).toEqual([{ slot: 1, blocks: 1, tiers: [0, 0, 1] }]);
    expect(index.incidents().unknown_media).toBe(1);
  });

  it("counts placeholders of unknown blocks and does nothing else", () => {
    const { index } = makeIndex();
    index.apply(sourceOf(1), batch(placeholder([5, 6], "CPU")));
    index.apply(sourceOf(1), batch(stored({ blocks: [1], tokens: tokens.slice(0, 16) }), placeholder([7], "CPU")));
    expect(index.incidents().unknown_placeholders).toBe(3);
    expect(copiesOf(index, 1)).toEqual({ "0:1": 1 });
  });
});

describe("apply: clear, reset, removal", () => {
  it("empties the GPU of one publisher and keeps its other tiers", () => {
    const { index, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    for (const slot of [1, 2]) {
      index.apply(sourceOf(slot), batch(stored({ blocks: [1, 2, 3, 4], tokens }), placeholder([1, 2], "CPU")));
    }
    index.apply(sourceOf(1), batch(cleared));
    expect(depths(index, keys)).toEqual([
      [1, 2],
      [2, 4],
    ]);
    expect(copiesOf(index, 1)).toEqual({ "1:1": 1, "1:2": 1 });
    index.apply(sourceOf(1), batch(stored({ blocks: [1, 2, 3, 4], tokens })));
    expect(copiesOf(index, 1)).toEqual({ "0:1": 1, "0:2": 1, "0:3": 1, "0:4": 1, "1:1": 1, "1:2": 1 });
    index.apply(sourceOf(1), batch(removed([4, 3, 2, 1]), removed([1], "CPU")));
    expect(depths(index, keys)).toEqual([[2, 4]]);
    expect(index.incidents().unknown_removals).toBe(0);
  });

  it("empties a hierarchical cache as a whole", () => {
    const { index } = makeIndex();
    index.apply(sourceOf(1), batch(stored({ blocks: [1], tokens: tokens.slice(0, 16), medium: "CPU_TIER2" })));
    index.apply(sourceOf(1), batch(cleared));
    expect(copiesOf(index, 1)).toEqual({});
    expect(index.blocksOf(1)).toBe(0);
  });

  it("survives more clears than an epoch counts, with blocks in other tiers", () => {
    const { index, hasher } = makeIndex();
    const run = stored({ blocks: [1, 2, 3, 4], tokens });
    index.apply(sourceOf(1), batch(run, placeholder([1], "CPU")));
    for (let i = 0; i < 600; i++) index.apply(sourceOf(1), batch(cleared));
    expect(copiesOf(index, 1)).toEqual({ "1:1": 1 });
    index.apply(sourceOf(1), batch(run));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[1, 4]]);
    expect(index.stats()).toMatchObject({ blocks: 4, holders: 5 });
  });

  it("never brings a cleared block back when the epoch comes round", () => {
    const { index, hasher } = makeIndex();
    index.apply(sourceOf(1), batch(stored({ blocks: [1, 2, 3, 4], tokens }), placeholder([1], "CPU")));
    for (let i = 0; i < 256; i++) index.apply(sourceOf(1), batch(cleared));
    expect(copiesOf(index, 1)).toEqual({ "1:1": 1 });
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[1, 1]]);
  });

  it("forgets one rank on reset, and an endpoint with all its ranks on removal", () => {
    const { index, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    const short = stored({ blocks: [1, 2], tokens: tokens.slice(0, 32) });
    index.apply(sourceOf(1, 0), batch(stored({ blocks: [1, 2, 3, 4], tokens })));
    index.apply(sourceOf(1, 1), batch(short));
    expect(depths(index, keys)).toEqual([[1, 4]]);
    index.reset(sourceOf(1, 0));
    expect(depths(index, keys)).toEqual([[1, 2]]);
    expect(copiesOf(index, 1, 0)).toEqual({});
    expect(copiesOf(index, 1, 1)).toEqual({ "0:1": 1, "0:2": 1 });
    index.removeEndpoint(1);
    expect(depths(index, keys)).toEqual([]);
    expect(index.engineBlockSizeTokens(1)).toBeUndefined();
    index.apply(sourceOf(1, 1), batch(short));
    expect(depths(index, keys)).toEqual([[1, 2]]);
  });

  it("keeps apart what two models of one endpoint call by the same hash", () => {
    const { index, hasher } = makeIndex();
    const run = stored({ blocks: [1, 2, 3, 4], tokens });
    index.apply(sourceOf(1, 0, "m"), batch(run));
    index.apply(sourceOf(1, 0, "other"), batch(run));
    index.apply(sourceOf(1, 0, "m"), batch(removed([4, 3, 2, 1])));
    expect(depths(index, keysOf(hasher, tokens, 16, "m"))).toEqual([]);
    expect(depths(index, keysOf(hasher, tokens, 16, "other"))).toEqual([[1, 4]]);
  });

  it("takes effect in under a millisecond among 200,000 blocks", () => {
    const { index } = makeIndex({ maxBytes: 64 * 2 ** 20 });
    const words = new Uint32Array(2 * 1000);
    for (let slot = 0; slot < 40; slot++) {
      for (let run = 0; run < 5; run++) {
        for (let i = 0; i < 1000; i++) words.set([(slot % 8) * 5000 + run * 1000 + i, run], 2 * i);
        index.applyStored(slot, 0, words, 0, 1000);
      }
    }
    expect(index.stats().holders).toBe(200_000);
    const times = Array.from({ length: 20 }, (_, slot) => {
      const start = performance.now();
      index.removeEndpoint(slot);
      return performance.now() - start;
    });
    expect(times.sort((a, b) => a - b)[10]!).toBeLessThan(1);
    expect(index.stats().holders).toBe(100_000);
  });
});

describe("apply: orphans", () => {
  const head = stored({ blocks: [1, 2], tokens: tokens.slice(0, 32) });
  const tail = stored({ blocks: [3, 4], parent: 2, tokens: tokens.slice(32) });
  const beyond = stored({ blocks: [5], parent: 4, tokens: tokensFrom(900, 16) });

  it("attaches a run, and the runs that wait for it, when the parent comes", () => {
    const { index, hasher } = makeIndex();
    index.apply(sourceOf(1), batch(beyond, tail));
    expect(index.stats().orphans).toBe(2);
    expect(depths(index, keysOf(hasher, tokens))).toEqual([]);
    index.apply(sourceOf(1), batch(head));
    const whole = Uint32Array.from([...tokens, ...tokensFrom(900, 16)]);
    expect(depths(index, keysOf(hasher, whole))).toEqual([[1, 5]]);
    expect(index.stats().orphans).toBe(0);
    expect(index.incidents().orphans_attached).toBe(2);
    expect(index.degraded(1)).toBe(false);
  });

  it("takes off what was removed while it waited", () => {
    const { index, hasher } = makeIndex();
    index.apply(sourceOf(1), batch(tail, removed([4])));
    index.apply(sourceOf(1), batch(head));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[1, 3]]);
    expect(index.incidents().unknown_removals).toBe(0);
  });

  it("drops them after their time, in their number, with their source, and says so", () => {
    const { index, clock } = makeIndex({ orphanTtlMs: 500, maxOrphans: 2 });
    const orphan = (n: number) => stored({ blocks: [n], parent: n + 1000, tokens: tokensFrom(n, 16) });
    index.apply(sourceOf(1), batch(orphan(11), orphan(12), orphan(13)));
    expect(index.stats().orphans).toBe(2);
    expect(index.degraded(1)).toBe(true);
    clock.advance(500);
    index.apply(sourceOf(2), batch());
    expect(index.stats().orphans).toBe(0);
    expect(index.incidents().orphans_dropped).toBe(3);
    index.apply(sourceOf(1), batch(orphan(14)));
    index.apply(sourceOf(1), batch(cleared));
    expect(index.stats().orphans).toBe(0);
    expect(index.degraded(1)).toBe(false);
  });

  it("takes parent 0 for none", () => {
    const { index, hasher } = makeIndex();
    index.apply(sourceOf(1), batch({ ...head, parentHash: { lo: 0, hi: 0 } }));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[1, 2]]);
  });
});

describe("apply: what cannot be indexed", () => {
  const base = { blocks: [1, 2], tokens: tokens.slice(0, 32) };

  it("takes only groups that hold whole prefixes", () => {
    const { index, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    for (const specKind of ["sliding_window", "mamba", "chunked_local_attention", "unknown", "cross_attention"]) {
      index.apply(sourceOf(1), batch(stored({ ...base, specKind, groupIndex: 1 })));
    }
    index.apply(sourceOf(1), batch(stored({ ...base, specKind: undefined, groupIndex: 1 })));
    expect(depths(index, keys)).toEqual([]);
    expect(index.incidents().unsupported_cache_kind).toBe(6);
    index.apply(sourceOf(1), batch(removed([1], "GPU", 1)));
    expect(index.incidents().unknown_group).toBe(1);
    for (const [slot, specKind] of ["full_attention", "mla_attention", "sink_full_attention", undefined].entries()) {
      index.apply(sourceOf(slot), batch(stored({ ...base, specKind, groupIndex: 0 })));
    }
    expect(depths(index, keys).map(([slot]) => slot)).toEqual([0, 1, 2, 3]);
  });

  it("counts spans whose tokens do not fill the blocks, and takes the next event", () => {
    const { index, hasher } = makeIndex();
    index.apply(sourceOf(1), batch(stored({ ...base, size: 24 }), stored({ ...base, size: 16 })));
    expect(index.incidents().non_dense_spans).toBe(1);
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[1, 2]]);
  });

  it("lets a hash that comes with other tokens stand for the new ones", () => {
    const { index, hasher } = makeIndex();
    const other = tokensFrom(5000, 32);
    index.apply(sourceOf(1), batch(stored(base)));
    index.apply(sourceOf(1), batch(stored({ ...base, tokens: other })));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([]);
    expect(depths(index, keysOf(hasher, other))).toEqual([[1, 2]]);
    expect(index.incidents().hash_conflicts).toBe(2);
  });

  it("counts removals of what is not there", () => {
    const { index } = makeIndex();
    index.apply(sourceOf(1), batch(stored(base), removed([7]), removed([1], "CPU")));
    expect(index.incidents().unknown_removals).toBe(2);
  });
});

describe("apply: adapters, salts and images", () => {
  it("computes keys under the adapter's name, without the adapter among the extras", () => {
    const { index, hasher } = makeIndex();
    const extraKeys = [["ad"], ["ad"], ["ad"], ["ad"]];
    index.apply(sourceOf(1), batch(stored({ blocks: [1, 2, 3, 4], tokens, loraName: "ad", loraId: 1, extraKeys })));
    expect(depths(index, keysOf(hasher, tokens, 16, "ad"))).toEqual([[1, 4]]);
    expect(depths(index, keysOf(hasher, tokens, 16, "m"))).toEqual([]);
  });

  it("lets a salt enter the first of our blocks, whatever the engine's size", () => {
    const { index, hasher } = makeIndex();
    const salted = keysOf(hasher, tokens, 16, "m", [["s"]]);
    for (const [slot, size] of [8, 16, 32, 64].entries()) {
      const count = 64 / size;
      const blocks = Array.from({ length: count }, (_, i) => 10 * slot + i + 1);
      const extraKeys = blocks.map((_, i) => (i === 0 ? ["s"] : null));
      index.apply(sourceOf(slot), batch(stored({ blocks, tokens, extraKeys })));
    }
    expect(depths(index, salted)).toEqual([0, 1, 2, 3].map((slot) => [slot, 4]));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([]);
  });

  it("lets an image enter the blocks that it touches, once each", () => {
    const { index, hasher } = makeIndex();
    // The image is at tokens 24 to 63.
    const keys = keysOf(hasher, tokens, 16, "m", [undefined, ["img"], ["img"], ["img"]]);
    const eight = Array.from({ length: 8 }, (_, i) => (i < 3 ? null : [["img", 24 - 8 * i]]));
    const extras: [number, (readonly unknown[] | null)[]][] = [
      [16, [null, [["img", 8]], [["img", -8]], [["img", -24]]]],
      [32, [[["img", 24]], [["img", -8]]]],
      [8, eight],
    ];
    for (const [slot, [size, extraKeys]] of extras.entries()) {
      const blocks = Array.from({ length: 64 / size }, (_, i) => 10 * slot + i + 1);
      index.apply(sourceOf(slot), batch(stored({ blocks, tokens, extraKeys })));
    }
    expect(depths(index, keys)).toEqual([
      [0, 4],
      [1, 4],
      [2, 4],
    ]);
  });

  it("carries extras with leftover tokens into the next event", () => {
    const { index, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens.subarray(0, 32), 16, "m", [["s"]]);
    index.apply(
      sourceOf(1),
      batch(
        stored({ blocks: [1], tokens: tokens.slice(0, 8), extraKeys: [["s"]] }),
        stored({ blocks: [2, 3, 4], parent: 1, tokens: tokens.slice(8, 32), extraKeys: [null, null, null] }),
      ),
    );
    expect(depths(index, keys)).toEqual([[1, 2]]);
  });
});

describe("book", () => {
  it("holds blocks for their time, to the millisecond when alone", () => {
    const { index, clock, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    index.book(4, keys, 3, 2000);
    expect(depths(index, keys)).toEqual([[4, 3]]);
    expect(index.blocksOf(4)).toBe(3);
    clock.advance(1999);
    expect(depths(index, keys)).toEqual([[4, 3]]);
    clock.advance(1);
    expect(depths(index, keys)).toEqual([]);
    expect(index.blocksOf(4)).toBe(0);
  });

  it("lasts when booked again, and in a burst at most an eighth longer", () => {
    const { index, clock, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    index.book(4, keys, 4, 800);
    clock.advance(60);
    index.book(5, keys, 4, 800);
    clock.advance(700);
    index.book(4, keys, 2, 800);
    clock.advance(140);
    // At 900 ms the first bookings are over, the one of 760 ms is not.
    expect(depths(index, keys)).toEqual([[4, 2]]);
    clock.advance(660);
    expect(depths(index, keys)).toEqual([]);
  });

  it("gives way to events: what they store stays, what they remove goes at once", () => {
    const { index, clock, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    index.book(1, keys, 4, 1000);
    index.apply(sourceOf(1), batch(stored({ blocks: [1, 2, 3], tokens: tokens.slice(0, 48) })));
    expect(index.blocksOf(1)).toBe(4);
    index.apply(sourceOf(1), batch(removed([3])));
    expect(depths(index, keys)).toEqual([[1, 2]]);
    clock.advance(1000);
    expect(depths(index, keys)).toEqual([[1, 2]]);
    expect(index.blocksOf(1)).toBe(2);
  });

  it("is the cache of an endpoint without events while its time is long", () => {
    const { index, clock, hasher } = makeIndex();
    const prompts = [0, 1, 2].map((i) => keysOf(hasher, tokensFrom(1000 * i, 64)));
    for (const keys of prompts) {
      index.book(9, keys, 4, 600_000);
      clock.advance(200_000);
    }
    index.book(9, prompts[0]!, 4, 600_000);
    clock.advance(300_000);
    expect(prompts.map((keys) => depths(index, keys).length)).toEqual([1, 0, 1]);
  });

  it("is dropped with the endpoint, and leaves no timer behind on close", () => {
    const { index, clock, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    index.book(1, keys, 4, 1000);
    index.book(2, keys, 4, 1000);
    index.removeEndpoint(1);
    expect(depths(index, keys)).toEqual([[2, 4]]);
    index.close();
    expect(clock.waiting).toBe(0);
  });

  it("does nothing for no blocks and no time", () => {
    const { index, hasher } = makeIndex();
    const keys = keysOf(hasher, tokens);
    index.book(1, keys, 0, 1000);
    index.book(1, keys, 4, 0);
    expect(depths(index, keys)).toEqual([]);
    index.book(1, keys, 99, 1000);
    expect(depths(index, keys)).toEqual([[1, 4]]);
  });
});

describe("a full index", () => {
  it("gives up engine blocks with their holders, and says whose", () => {
    const { index, hasher } = makeIndex({ maxBytes: 3 * 2 ** 20 });
    const runs = 600;
    const run = (i: number) => tokensFrom(10_000 * i, 16 * 64);
    for (let i = 0; i < runs; i++) {
      const blocks = Array.from({ length: 64 }, (_, k) => 64 * i + k + 1);
      index.apply(sourceOf(i % 3), batch(stored({ blocks, tokens: run(i) })));
    }
    const stats = index.stats();
    expect(index.incidents().evicted_engine_blocks).toBeGreaterThan(10_000);
    expect(stats.bytes).toBeLessThanOrEqual(stats.maxBytes);
    expect(index.degraded(0)).toBe(true);
    expect(depths(index, keysOf(hasher, run(runs - 1)))).toEqual([[(runs - 1) % 3, 64]]);
    expect(depths(index, keysOf(hasher, run(0)))).toEqual([]);
    // What the engine removes later is not there any more, and nothing is left of it.
    for (let i = 0; i < runs; i++) {
      const blocks = Array.from({ length: 64 }, (_, k) => 64 * i + 64 - k);
      index.apply(sourceOf(i % 3), batch(removed(blocks)));
    }
    expect(index.stats()).toMatchObject({ blocks: 0, holders: 0 });
    expect([0, 1, 2].map((slot) => copiesOf(index, slot))).toEqual([{}, {}, {}]);
  });

  it("refuses one event that is larger than itself, and goes on", () => {
    const { index, hasher } = makeIndex({ maxBytes: 3 * 2 ** 20 });
    const count = 20_000;
    const blocks = Array.from({ length: count }, (_, k) => k + 1);
    index.apply(sourceOf(1), batch(stored({ blocks, tokens: tokensFrom(0, 16 * count) })));
    index.apply(sourceOf(2), batch(stored({ blocks: [1, 2, 3, 4], tokens })));
    expect(depths(index, keysOf(hasher, tokens))).toEqual([[2, 4]]);
    expect(index.stats().bytes).toBeLessThanOrEqual(index.stats().maxBytes);
  });
});

describe("createKvIndex", () => {
  it("refuses options that it does not know or that are out of range", () => {
    const { hasher, clock } = makeIndex();
    for (const [options, names] of [
      [{ maxByte: 1 }, "maxByte"],
      [{ maxBytes: 1024 }, "maxBytes"],
      [{ maxBytes: 2 ** 21, maxEndpoints: 60_000 }, "maxBytes"],
      [{ blockSizeTokens: 0 }, "blockSizeTokens"],
      [{ maxEndpoints: 70_000 }, "maxEndpoints"],
      [{ orphanTtlMs: Number.NaN }, "orphanTtlMs"],
      [{ reannouncements: "maybe" }, "reannouncements"],
      [{ hashSecret: new Uint32Array(2) }, "hashSecret"],
    ] as const) {
      expect(() => createKvIndex({ hasher, clock, ...(options as object) }), names).toThrow(
        expect.objectContaining({ code: "invalid_configuration", message: expect.stringContaining(names) }),
      );
    }
  });

  it("tells the metrics what it counts", () => {
    const counted: Record<string, number> = {};
    const shown: Record<string, number> = {};
    const metrics: Metrics = {
      counter: ({ labels }) => ({
        add: (value = 1) => {
          counted[labels!.reason!] = (counted[labels!.reason!] ?? 0) + value;
        },
      }),
      gauge: ({ name }) => ({
        set: (value) => {
          shown[name] = value;
        },
      }),
      histogram: () => ({ observe: () => {} }),
    };
    const { index } = makeIndex({ metrics });
    index.apply(sourceOf(1), batch(stored({ blocks: [1, 2], tokens: tokens.slice(0, 32) }), removed([9])));
    expect(counted).toEqual({ unknown_removals: 1 });
    expect(shown).toMatchObject({ warmpath_kv_index_blocks: 2, warmpath_kv_index_holders: 2 });
    expect(shown.warmpath_kv_index_bytes).toBe(index.stats().bytes);
  });

  it("logs once that an endpoint cannot be followed", () => {
    const warned: object[] = [];
    const silent = () => {};
    const logger = { debug: silent, info: silent, error: silent, warn: (fields: object) => void warned.push(fields) };
    const { index } = makeIndex({ maxOrphans: 0, logger });
    for (const n of [1, 2, 3]) {
      index.apply(sourceOf(5), batch(stored({ blocks: [n], parent: 99, tokens: tokens.slice(0, 16) })));
    }
    expect(warned).toEqual([{ slot: 5, why: "a store event's parent did not come" }]);
  });

  it("names hashes as the engine does", () => {
    const { index } = makeIndex();
    index.apply(sourceOf(1), batch(stored({ blocks: [7], tokens: tokens.slice(0, 16) })));
    expect([...index.engineBlocks(sourceOf(1))]).toEqual([{ ...hashOf(7), tier: 0, copies: 1 }]);
  });
});
