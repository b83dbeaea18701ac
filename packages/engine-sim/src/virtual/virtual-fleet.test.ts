import { createHash } from "node:crypto";
import type { KvEventBatch } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { syntheticBlockTokens, type VirtualRequest } from "./block-ids";
import { createVirtualFleet } from "./virtual-fleet";

const FLAT = { t0: 3, w: 12, cw: 0, b: 0.05, c: 0, d: 0, dd: 0, e: 0, kvBytesPerToken: 0 };
const REPLICA = { blocks: 64, blockSizeTokens: 16, maxBatchedTokens: 512, profile: FLAT };

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function workload(seed: number, count: number): { atMs: number; replica: number; request: VirtualRequest }[] {
  const random = mulberry32(seed);
  let atMs = 0;
  return Array.from({ length: count }, (_, i) => {
    atMs += Math.floor(random() * 40);
    const blocks = 1 + Math.floor(random() * 12);
    const group = Math.floor(random() * 4);
    const shared = Math.floor(random() * 8);
    const blockIds = Array.from({ length: blocks }, (_, b) => (b < shared ? group * 100 + b : 1000 + i * 20 + b));
    const request = {
      promptTokens: blocks * 16 - Math.floor(random() * 15),
      outputTokens: 1 + Math.floor(random() * 60),
      blockIds,
    };
    return { atMs, replica: Math.floor(random() * 3), request };
  });
}

describe("createVirtualFleet", () => {
  it("gives the times of a hand-checked run, ingress included", () => {
    const seen: [string, number][] = [];
    const fleet = createVirtualFleet<VirtualRequest>({
      replicas: 2,
      replica: { ...REPLICA, blocks: 100 },
      ingressMs: 20,
      onFirstToken: (_state, replica) => seen.push([`first ${replica}`, fleet.nowMs()]),
      onFinish: (state, replica) => seen.push([`end ${replica} ${state.cachedTokens}`, fleet.nowMs()]),
    });
    fleet.submit({ promptTokens: 1000, outputTokens: 3, blockIds: [] }, 1);
    fleet.run();
    expect(seen.map(([what]) => what)).toEqual(["first 1", "end 1 0"]);
    expect(seen[0]?.[1]).toBeCloseTo(76, 9);
    expect(seen[1]?.[1]).toBeCloseTo(106, 9);
  });

  it("shows a load that is as old as the last scrape", () => {
    const fleet = createVirtualFleet<VirtualRequest>({ replicas: 1, replica: REPLICA, scrapeIntervalMs: 50 });
    fleet.schedule(10, () => fleet.submit({ promptTokens: 160, outputTokens: 10, blockIds: [] }, 0));
    const seen: [number, number, number][] = [];
    for (const ms of [5, 40, 51, 99, 160, 1000]) {
      fleet.schedule(ms, () => {
        const { runningRequests, updatedAtMs } = fleet.load(0);
        seen.push([ms, runningRequests, updatedAtMs as number]);
      });
    }
    fleet.run();
    expect(seen).toEqual([
      [5, 0, 0],
      [40, 0, 0],
      [51, 1, 50],
      [99, 1, 50],
      [160, 1, 150],
      [1000, 0, 1000],
    ]);
  });

  it("publishes hashes and tokens of block ids, after the delay", () => {
    const batches: [number, KvEventBatch][] = [];
    const fleet = createVirtualFleet<VirtualRequest>({
      replicas: 1,
      replica: REPLICA,
      eventDelayMs: 7,
      onEvents: (batch) => batches.push([fleet.nowMs(), batch]),
    });
    const id = 2 ** 33 + 5;
    fleet.submit({ promptTokens: 33, outputTokens: 1, blockIds: [1, id, 9] }, 0);
    fleet.run();
    const [atMs, batch] = batches[0] as [number, KvEventBatch];
    expect(batches.length).toBe(1);
    expect(atMs - batch.timestampSeconds * 1000).toBeCloseTo(7, 9);
    const [stored] = batch.events;
    if (stored?.kind !== "stored") throw new Error("no store");
    expect([...stored.blockHashes]).toEqual([2, 0, 6, 2]);
    expect(stored.parentHash).toBeUndefined();
    expect([...stored.tokenIds]).toEqual([...syntheticBlockTokens(1, 16), ...syntheticBlockTokens(id, 16)]);
  });

  it("fails what a restart cuts off, and forgets the cache without an event", () => {
    const failed: number[] = [];
    let batches = 0;
    const fleet = createVirtualFleet<VirtualRequest>({
      replicas: 2,
      replica: REPLICA,
      onEvents: () => batches++,
      onFail: (_request, replica) => failed.push(replica),
    });
    fleet.submit({ promptTokens: 40, outputTokens: 100, blockIds: [1, 2, 3] }, 1);
    fleet.run(100);
    expect([...fleet.cachedBlocks(1)].length).toBe(2);
    expect(batches).toBe(1);
    fleet.restart(1);
    fleet.run();
    expect(failed).toEqual([1]);
    expect([...fleet.cachedBlocks(1)]).toEqual([]);
    fleet.submit({ promptTokens: 40, outputTokens: 1, blockIds: [1, 2, 3] }, 1);
    fleet.run();
    expect(batches).toBe(2);
  });

  it("aborts in line, in the ingress and in a batch", () => {
    const ended: string[] = [];
    const fleet = createVirtualFleet<VirtualRequest>({
      replicas: 1,
      replica: { ...REPLICA, maxSequences: 1 },
      scrapeIntervalMs: 0,
      ingressMs: 5,
      onFinish: () => ended.push("finish"),
    });
    const requests = [0, 1, 2].map((i) => ({ promptTokens: 20, outputTokens: 50, blockIds: [i] }));
    for (const request of requests) fleet.submit(request, 0);
    expect(fleet.abort(requests[2] as VirtualRequest, 0)).toBe(true);
    fleet.run(50);
    for (const request of requests.slice(0, 2)) expect(fleet.abort(request, 0)).toBe(true);
    fleet.run();
    expect(ended).toEqual([]);
    expect(fleet.load(0).kvUtilization).toBe(0);
    expect(fleet.abort(requests[0] as VirtualRequest, 0)).toBe(false);
  });

  it("writes byte-identical logs for the same seed, and others for another", () => {
    const log = (seed: number): string => {
      const hash = createHash("sha256");
      const fleet = createVirtualFleet<VirtualRequest>({
        replicas: 3,
        replica: { ...REPLICA, maxSequences: 6 },
        eventDelayMs: 3,
        onFirstToken: (state, replica) => hash.update(`first ${fleet.nowMs()} ${replica} ${state.cachedTokens}\n`),
        onFinish: (state, replica) => hash.update(`end ${fleet.nowMs()} ${replica} ${state.preemptions}\n`),
        onEvents: (batch, replica) => {
          for (const event of batch.events)
            if (event.kind !== "cleared") hash.update(`${replica} ${event.kind} ${event.blockHashes}\n`);
        },
      });
      for (const { atMs, replica, request } of workload(seed, 400))
        fleet.schedule(atMs, () => fleet.submit(request, replica));
      fleet.run();
      return hash.digest("hex");
    };
    expect(log(1)).toBe(log(1));
    expect(log(1)).not.toBe(log(2));
  });

  it("refuses a request that cannot fit before its ingress", () => {
    const fleet = createVirtualFleet<VirtualRequest>({ replicas: 1, replica: REPLICA, ingressMs: 5 });
    expect(() => fleet.submit({ promptTokens: 2000, outputTokens: 1, blockIds: [] }, 0)).toThrow(/do not fit/);
    expect(() => createVirtualFleet({ replicas: 0 })).toThrow(/replicas/);
  });
});
