import { createNativeHasher } from "@warmpath/block-hashing";
import type { KvEvent } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batch, depths, keysOf, makeIndex, placeholder, removed, rows, sourceOf, stored } from "../test/support";
import { createPrefixMatches } from "./matches";

const MEDIA = ["GPU", "CPU", "STORAGE"] as const;

/** A prompt is a path of segments; equal paths are equal prompts. Segment s of depth d has tokens that only it has. */
const SEGMENT_TOKENS = 56;
const tokensOf = (path: readonly number[]): Uint32Array =>
  Uint32Array.from(
    path.flatMap((segment, depth) =>
      Array.from({ length: SEGMENT_TOKENS }, (_, i) => 1000 * segment + 100 * depth + i),
    ),
  );

type Step =
  | { readonly kind: "request"; readonly slot: number; readonly path: readonly number[] }
  | { readonly kind: "evict"; readonly slot: number; readonly tier: number; readonly pick: number }
  | { readonly kind: "offload"; readonly slot: number; readonly tier: 1 | 2; readonly pick: number }
  | { readonly kind: "clear"; readonly slot: number };

const SLOTS = 3;
const path = fc.array(fc.nat(1), { minLength: 1, maxLength: 3 });
const slot = fc.nat(SLOTS - 1);
const pick = fc.nat(1000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("request" as const), slot, path }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("evict" as const), slot, tier: fc.nat(2), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("offload" as const),
      slot,
      tier: fc.constantFrom(1 as const, 2 as const),
      pick,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const), slot }) },
);

interface EngineBlock {
  readonly number: number;
  /** Tokens of the prompt up to the block's end. */
  readonly end: number;
  readonly copies: [gpu: number, cpu: number, storage: number];
}

/** A real engine in short: copies by block and tier, and the events that it publishes for what it does. */
class Engine {
  /** By the tokens up to the block's end. */
  readonly blocks = new Map<string, EngineBlock>();
  readonly #size: number;
  readonly #numbers: Map<string, number>;

  constructor(size: number, numbers: Map<string, number>) {
    this.#size = size;
    this.#numbers = numbers;
  }

  name(tokens: Uint32Array, end: number): string {
    return tokens.subarray(0, end).join();
  }

  block(tokens: Uint32Array, i: number): EngineBlock {
    const name = this.name(tokens, (i + 1) * this.#size);
    const number = this.#numbers.get(name) ?? this.#numbers.size + 1;
    this.#numbers.set(name, number);
    const found = this.blocks.get(name) ?? { number, end: (i + 1) * this.#size, copies: [0, 0, 0] };
    this.blocks.set(name, found);
    return found;
  }

  /** Computes the missing blocks; a prompt that ends with a known block computes that one again. */
  request(tokens: Uint32Array): KvEvent[] {
    const count = Math.floor(tokens.length / this.#size);
    const events: KvEvent[] = [];
    for (let i = 0; i < count; i++) {
      const again = i === count - 1 && tokens.length % this.#size === 0;
      if (this.block(tokens, i).copies[0] > 0 && !again) continue;
      let end = i;
      while (end + 1 < count && this.block(tokens, end + 1).copies[0] === 0) end++;
      events.push(this.#store(tokens, i, end));
      i = end;
    }
    return events;
  }

  #store(tokens: Uint32Array, from: number, to: number): KvEvent {
    const numbers = [];
    for (let i = from; i <= to; i++) {
      this.block(tokens, i).copies[0]++;
      numbers.push(this.block(tokens, i).number);
    }
    const parent = from > 0 ? { parent: this.block(tokens, from - 1).number } : {};
    return stored({ blocks: numbers, tokens: tokens.slice(from * this.#size, (to + 1) * this.#size), ...parent });
  }

  evict(tier: number, pick: number): KvEvent[] {
    const there = [...this.blocks.values()].filter((block) => block.copies[tier]! > 0);
    const block = there[pick % there.length];
    if (block === undefined) return [];
    block.copies[tier]!--;
    return [removed([block.number], MEDIA[tier]!)];
  }

  offload(tier: 1 | 2, pick: number): KvEvent[] {
    const there = [...this.blocks.values()].filter((block) => block.copies[0] > 0);
    const block = there[pick % there.length];
    if (block === undefined) return [];
    block.copies[tier]++;
    return [placeholder([block.number], MEDIA[tier])];
  }

  clear(): KvEvent[] {
    for (const block of this.blocks.values()) block.copies[0] = 0;
    return [{ kind: "cleared" }];
  }

  /**
   * Fastest tier in which every engine block with a part of these tokens is; undefined where there is none. The last of
   * them may differ from the prompt after `to`: the index answers in keys, whole engine blocks are the caller's business.
   */
  tierOf(tokens: Uint32Array, from: number, to: number): number | undefined {
    const first = Math.floor(from / this.#size);
    const last = Math.ceil(to / this.#size) - 1;
    const before: (EngineBlock | undefined)[] = [];
    for (let i = first; i < last; i++) before.push(this.blocks.get(this.name(tokens, (i + 1) * this.#size)));
    const start = `${tokens.subarray(0, to).join()},`;
    const ends = [...this.blocks].filter(
      ([name, block]) => block.end === (last + 1) * this.#size && `${name},`.startsWith(start),
    );
    return [0, 1, 2].find(
      (tier) =>
        before.every((block) => block !== undefined && block.copies[tier]! > 0) &&
        ends.some(([, block]) => block.copies[tier]! > 0),
    );
  }
}

function expectedRow(engine: Engine, tokens: Uint32Array, keySize: number): { blocks: number; tiers: number[] } {
  const tiers = [0, 0, 0];
  let blocks = 0;
  for (; (blocks + 1) * keySize <= tokens.length; blocks++) {
    const tier = engine.tierOf(tokens, blocks * keySize, (blocks + 1) * keySize);
    if (tier === undefined) break;
    tiers[tier]!++;
  }
  return { blocks, tiers };
}

const PATHS = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1].map((c) => [a, b, c])));

function play(engineSize: number, keySize: number, steps: readonly Step[]): void {
  const hasher = createNativeHasher({ blockSizeTokens: keySize });
  const { index } = makeIndex({ blockSizeTokens: keySize, hasher });
  const numbers = new Map<string, number>();
  const engines = Array.from({ length: SLOTS }, () => new Engine(engineSize, numbers));
  const prompts = PATHS.map((one) => ({ tokens: tokensOf(one), keys: keysOf(hasher, tokensOf(one), keySize) }));
  const matches = createPrefixMatches(1);
  for (const one of steps) {
    const engine = engines[one.slot]!;
    const events =
      one.kind === "request"
        ? engine.request(tokensOf(one.path))
        : one.kind === "evict"
          ? engine.evict(one.tier, one.pick)
          : one.kind === "offload"
            ? engine.offload(one.tier, one.pick)
            : engine.clear();
    // One batch an event: what an announcement is must not hang on what follows.
    for (const event of events) index.apply(sourceOf(one.slot), batch(event));
    for (const { tokens, keys } of prompts) {
      index.lookup(keys, matches);
      const expected = engines.flatMap((each, i) => {
        const row = expectedRow(each, tokens, keySize);
        return row.blocks > 0 ? [{ slot: i, ...row }] : [];
      });
      expect(rows(matches)).toEqual(expected);
    }
  }
  engines.forEach((engine, i) => {
    const copies = [...engine.blocks.values()].flatMap((block) =>
      block.copies.map((n, tier) => [block.number, tier, n]),
    );
    const ours = [...index.engineBlocks(sourceOf(i))].map((block) => [block.lo, block.tier, block.copies]);
    expect(ours.sort()).toEqual(copies.filter(([, , n]) => n! > 0).sort());
  });
  expect(index.incidents().unknown_removals).toBe(0);
  expect(index.incidents().hash_conflicts).toBe(0);
}

describe("events of an engine whose blocks have another size than ours", () => {
  for (const [engineSize, keySize] of [
    [16, 16],
    [8, 16],
    [4, 16],
    [32, 16],
    [48, 16],
    [24, 16],
    [16, 24],
    [12, 16],
    [7, 16],
    [20, 16],
    [64, 16],
    [40, 16],
  ] as const) {
    it(`${engineSize} tokens where a key has ${keySize}: depths, tiers and copies follow any run`, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => play(engineSize, keySize, steps)),
        { numRuns: 25 },
      );
    });
  }

  it("holds a key that two blocks begin with until both are gone", () => {
    const { index, hasher } = makeIndex();
    const [a, b] = [0, 1].map((last) =>
      Uint32Array.from([...tokensOf([0]).slice(0, 40), ...tokensOf([1, last]).slice(56, 80)]),
    );
    index.apply(sourceOf(0), batch(stored({ blocks: [1, 2], tokens: a!, size: 32 })));
    index.apply(sourceOf(0), batch(stored({ blocks: [3], parent: 1, tokens: b!.slice(32), size: 32 })));
    const seen = () => [a!, b!].map((tokens) => depths(index, keysOf(hasher, tokens))[0]?.[1]);
    expect(seen()).toEqual([4, 4]);
    index.apply(sourceOf(0), batch(removed([2])));
    expect(seen()).toEqual([2, 4]);
    index.apply(sourceOf(0), batch(removed([3])));
    expect(seen()).toEqual([2, 2]);
    expect(index.stats()).toMatchObject({ blocks: 2, holders: 2 });
  });

  it("gives the same keys for the same tokens in blocks of 16, 32 and 8", () => {
    const { index, hasher } = makeIndex();
    const tokens = tokensOf([0, 1]).slice(0, 96);
    for (const [i, size] of [16, 32, 8].entries()) {
      index.apply(sourceOf(i), batch(...new Engine(size, new Map()).request(tokens)));
    }
    expect(depths(index, keysOf(hasher, tokens))).toEqual([
      [0, 6],
      [1, 6],
      [2, 6],
    ]);
    expect([0, 1, 2].map((i) => index.engineBlockSizeTokens(i))).toEqual([16, 32, 8]);
  });
});
