import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockPool } from "./block-pool";

/** Takes `count` blocks and returns them with the keys that this evicted. */
function take(pool: BlockPool<string>, count: number): { blocks: number[]; evicted: string[] } {
  const evicted: string[] = [];
  const blocks = Array.from({ length: count }, () => pool.allocate((key) => evicted.push(key)));
  return { blocks, evicted };
}

describe("BlockPool", () => {
  it("frees, reuses and evicts in the order of vLLM's pool", () => {
    // The run that the interface sheet records from the real BlockPool: 6 blocks of 4 tokens, numbered from 1 there.
    const pool = new BlockPool<string>(6);
    const a = take(pool, 3);
    expect(a.blocks).toEqual([0, 1, 2]);
    pool.register(0, "one");
    pool.register(1, "two");
    pool.release(a.blocks);
    expect(pool.freeOrder()).toEqual([2, 3, 4, 1, 0]);
    pool.touch(pool.find("one"));
    pool.touch(pool.find("two"));
    expect(pool.freeOrder()).toEqual([2, 3, 4]);
    const b = [0, 1, ...take(pool, 2).blocks];
    expect(b).toEqual([0, 1, 2, 3]);
    pool.register(2, "three");
    const c = take(pool, 1);
    expect(c.blocks).toEqual([4]);
    pool.register(4, "one");
    pool.release(b);
    expect(pool.freeOrder()).toEqual([3, 2, 1, 0]);
    expect(pool.utilization).toBeCloseTo(0.2, 12);
    const d = take(pool, 2);
    expect(d).toEqual({ blocks: [3, 2], evicted: ["three"] });
  });

  it("counts copies and finds the oldest that is left", () => {
    const pool = new BlockPool<string>(4);
    const { blocks } = take(pool, 3);
    for (const block of blocks) pool.register(block, "same");
    expect([...pool.contents()]).toEqual([["same", 3]]);
    pool.release([0]);
    expect(take(pool, 1)).toEqual({ blocks: [0], evicted: ["same"] });
    expect(pool.find("same")).toBe(1);
    expect([...pool.contents()]).toEqual([["same", 2]]);
    expect(pool.clear()).toBe(false);
    pool.release(blocks);
    expect(pool.clear()).toBe(true);
    expect(pool.find("same")).toBe(-1);
  });

  it("holds every block exactly once, free or in use, whatever is done", () => {
    const action = fc.record({
      take: fc.integer({ min: 1, max: 4 }),
      key: fc.integer({ min: 0, max: 9 }),
      drop: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const pool = new BlockPool<number>(12);
        const held: number[][] = [];
        for (const { take: count, key, drop } of actions) {
          const hit = pool.find(key);
          if (hit >= 0) pool.touch(hit);
          const blocks = hit >= 0 ? [hit] : [];
          while (blocks.length < count && pool.freeBlocks > 0) blocks.push(pool.allocate(() => undefined));
          if (hit < 0 && blocks.length > 0) pool.register(blocks[0] as number, key);
          held.push(blocks);
          if (drop < held.length) pool.release(held.splice(drop, 1)[0] as number[]);
          const used = new Set(held.flat());
          expect(pool.freeBlocks + used.size).toBe(pool.usableBlocks);
          expect(new Set([...pool.freeOrder(), ...used]).size).toBe(pool.usableBlocks);
          for (const block of used)
            expect(pool.references(block)).toBe(held.flat().filter((one) => one === block).length);
        }
      }),
    );
  });
});
