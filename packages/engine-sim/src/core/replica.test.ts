import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReplica, type Replica } from "./replica";
import type { ReplicaRequest } from "./replica-types";

interface TestRequest extends ReplicaRequest {
  readonly name: string;
  /** Keys of the prompt's full blocks; output blocks are unique. */
  readonly blocks: readonly string[];
}

const FLAT = { t0: 3, w: 12, cw: 0, b: 0.05, c: 0, d: 0, dd: 0, e: 0, kvBytesPerToken: 0 };

function hashBlock(request: TestRequest, index: number): string {
  return request.blocks[index] ?? `${request.name}#${index}`;
}

function request(name: string, promptTokens: number, outputTokens: number, blocks: readonly string[]): TestRequest {
  return { name, promptTokens, outputTokens, blocks };
}

function run(replica: Replica<TestRequest, string>): { times: number[]; events: string[]; finished: string[] } {
  const times: number[] = [];
  const events: string[] = [];
  const finished: string[] = [];
  for (let at = 0, ms = replica.beginStep(); ms !== undefined; ms = replica.beginStep()) {
    at += ms;
    times.push(at);
    const result = replica.endStep();
    events.push(...result.events.map(describeEvent));
    finished.push(...result.finished.map((sequence) => sequence.request.name));
  }
  return { times, events, finished };
}

function describeEvent(event: ReturnType<Replica<TestRequest, string>["endStep"]>["events"][number]): string {
  if (event.kind === "cleared") return "cleared";
  if (event.kind === "removed") return `-${event.key}`;
  return `${event.reused ? "=" : "+"}${event.keys.join(",")}<${event.parent ?? ""}`;
}

describe("createReplica", () => {
  it("takes the time that can be worked out by hand", () => {
    const replica = createReplica<TestRequest, string>({ profile: FLAT, maxBatchedTokens: 512, hashBlock });
    replica.submit(request("a", 1000, 3, []));
    const { times } = run(replica);
    expect(times.length).toBe(4);
    for (const [i, ms] of [28.6, 56, 71, 86].entries()) expect(times[i]).toBeCloseTo(ms, 9);
  });

  it("hits full blocks, but always computes one token", () => {
    const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 32, hashBlock });
    const cached: number[] = [];
    for (const [tokens, blocks] of [
      [12, ["p", "q", "r"]],
      [12, ["p", "q", "r"]],
      [13, ["p", "q", "r"]],
      [7, ["p"]],
    ] as const) {
      const one = request("x", tokens, 1, blocks);
      replica.submit(one);
      replica.beginStep();
      cached.push(replica.endStep().sampled[0]?.cachedTokens as number);
    }
    expect(cached).toEqual([0, 8, 12, 4]);
    expect([...replica.cachedBlocks()]).toEqual([
      ["p", 1],
      ["q", 1],
      ["r", 2],
    ]);
  });

  it("publishes an output block with the step that computes its last token", () => {
    for (const [outputs, blocks] of [
      [1, 0],
      [2, 0],
      [3, 1],
      [6, 1],
      [7, 2],
    ] as const) {
      const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 8, hashBlock });
      replica.submit(request("o", 2, outputs, []));
      expect(run(replica).events.length).toBe(blocks);
    }
  });

  it("stores what a later request of the same step reuses", () => {
    const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 32, hashBlock });
    replica.submit(request("a", 9, 1, ["s", "a1"]));
    replica.submit(request("b", 9, 1, ["s", "b1"]));
    const { times, events } = run(replica);
    expect(times.length).toBe(1);
    expect(events).toEqual(["+s,a1<", "+b1<s"]);
    expect(replica.counters.hitTokens).toBe(4);
  });

  it("evicts the tail of the oldest request first, before it stores", () => {
    const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 7, hashBlock });
    for (const name of ["a", "b", "c"]) {
      replica.submit(request(name, 9, 1, [`${name}0`, `${name}1`]));
      if (name !== "c") run(replica);
    }
    expect(run(replica).events).toEqual(["-a1", "+c0,c1<"]);
  });

  it("publishes a reset with the next step, and refuses it while blocks are in use", () => {
    const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 8, hashBlock });
    replica.submit(request("a", 5, 1, ["a0"]));
    replica.beginStep();
    expect(replica.resetPrefixCache()).toBe(false);
    replica.endStep();
    expect(replica.resetPrefixCache()).toBe(true);
    expect(replica.resetPrefixCache()).toBe(true);
    expect(replica.beginStep()).toBeUndefined();
    replica.submit(request("b", 5, 1, ["a0"]));
    expect(run(replica).events).toEqual(["cleared", "cleared", "+a0<"]);
  });

  it("announces reused blocks on request, and skips the cache on request", () => {
    const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 16, hashBlock });
    replica.submit(request("a", 9, 1, ["s", "t"]));
    run(replica);
    replica.submit({ ...request("b", 13, 1, ["s", "t", "u"]), reportReusedBlocks: true });
    expect(run(replica).events).toEqual(["=s,t<", "+u<t"]);
    replica.submit({ ...request("c", 9, 1, ["s", "t"]), skipPrefixCache: true });
    expect(run(replica).events).toEqual(["+s,t<"]);
  });

  it("preempts the last request, which keeps its output and computes it again", () => {
    const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 7, hashBlock });
    replica.submit(request("a", 8, 9, ["a0", "a1"]));
    replica.submit(request("b", 8, 9, ["b0", "b1"]));
    const { finished } = run(replica);
    expect(finished).toEqual(["a", "b"]);
    expect(replica.counters.preemptions).toBeGreaterThan(0);
    expect(replica.counters.generatedTokens).toBe(18);
    expect(replica.freeBlocks).toBe(6);
  });

  it("drops an aborted request at the end of its step and keeps its blocks findable", () => {
    const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 16, hashBlock });
    const a = request("a", 9, 50, ["a0", "a1"]);
    replica.submit(a);
    replica.beginStep();
    expect(replica.abort(a)).toBe(true);
    expect(replica.abort(a)).toBe(false);
    expect(replica.freeBlocks).toBe(12);
    replica.endStep();
    expect(replica.freeBlocks).toBe(15);
    expect(replica.beginStep()).toBeUndefined();
    expect([...replica.cachedBlocks()].map(([key]) => key)).toEqual(["a0", "a1"]);
  });

  it("refuses what can never fit", () => {
    const replica = createReplica<TestRequest, string>({ blockSizeTokens: 4, blocks: 5, hashBlock });
    expect(() => replica.submit(request("a", 16, 2, []))).toThrow(/do not fit/);
    replica.submit(request("b", 16, 1, []));
    expect(run(replica).finished).toEqual(["b"]);
    expect(() => createReplica({ blocks: 1, hashBlock })).toThrow(/blocks is 1/);
  });
});

const anyRequest = fc.record({
  prompt: fc.integer({ min: 1, max: 40 }),
  output: fc.integer({ min: 1, max: 20 }),
  family: fc.nat(3),
  shared: fc.nat(8),
  wait: fc.nat(6),
  abortAfter: fc.option(fc.nat(10), { nil: undefined }),
});

describe("createReplica under any load", () => {
  it("keeps its books: blocks, tokens and requests add up after every step", () => {
    fc.assert(
      fc.property(
        fc.array(anyRequest, { minLength: 1, maxLength: 14 }),
        fc.integer({ min: 16, max: 40 }),
        (loads, blocks) => {
          const replica = createReplica<TestRequest, string>({
            blockSizeTokens: 4,
            blocks,
            maxBatchedTokens: 16,
            maxSequences: 4,
            hashBlock,
          });
          const ended = new Map<string, number>();
          const known = new Map<string, number>();
          let step = 0;
          const due = loads.map((load, i) => {
            const keys = Array.from({ length: Math.floor(load.prompt / 4) }, (_, k) =>
              k < load.shared ? `f${load.family}.${k}` : `r${i}.${k}`,
            );
            return { at: load.wait, load, request: request(`r${i}`, load.prompt, load.output, keys) };
          });
          const copies = new Map<string, number>();
          for (;;) {
            for (const one of due) {
              if (one.at === step) replica.submit(one.request);
              const { abortAfter } = one.load;
              if (abortAfter !== undefined && one.at + abortAfter === step && replica.abort(one.request)) {
                ended.set(one.request.name, (ended.get(one.request.name) ?? 0) + 1);
              }
            }
            const ms = replica.beginStep();
            if (ms === undefined && step > 20) break;
            step++;
            if (ms === undefined) continue;
            expect(ms).toBeGreaterThan(0);
            const { sampled, finished, events } = replica.endStep();
            for (const { request: one } of sampled) known.set(one.name, (known.get(one.name) ?? 0) + 1);
            for (const { request: one } of finished) ended.set(one.name, (ended.get(one.name) ?? 0) + 1);
            for (const event of events) {
              if (event.kind === "removed") copies.set(event.key, (copies.get(event.key) ?? 0) - 1);
              else if (event.kind === "stored")
                for (const key of event.keys) copies.set(key, (copies.get(key) ?? 0) + 1);
            }
            // What was published equals what is held, copy by copy.
            const held = new Map(replica.cachedBlocks());
            for (const [key, count] of copies) expect(held.get(key) ?? 0).toBe(count);
            expect(held.size).toBe([...copies.values()].filter((count) => count > 0).length);
          }
          for (const one of due) expect(ended.get(one.request.name)).toBe(1);
          expect(replica.freeBlocks).toBe(blocks - 1);
          const { counters } = replica;
          expect(counters.finished + counters.aborted).toBe(due.length);
          expect(counters.generatedTokens).toBe([...known.values()].reduce((sum, one) => sum + one, 0));
          const useful = due
            .filter((one) => known.get(one.request.name) === one.load.output)
            .reduce((sum, one) => sum + one.load.prompt + one.load.output - 1, 0);
          expect(counters.computedTokens + counters.hitTokens + counters.rehitTokens).toBe(
            useful + counters.discardedTokens,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it("does the same twice", () => {
    const once = (): string => {
      const replica = createReplica<TestRequest, string>({
        blockSizeTokens: 4,
        blocks: 12,
        maxBatchedTokens: 16,
        hashBlock,
      });
      for (let i = 0; i < 12; i++)
        replica.submit(request(`r${i}`, 5 + ((i * 7) % 17), 1 + (i % 9), ["s", `k${i % 3}`]));
      return JSON.stringify(run(replica));
    };
    expect(once()).toBe(once());
  });
});
