import { PREFIX_MATCH, type Tokenizer, WarmpathError } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createDirector } from "./director";
import { createProfile } from "./profile";
import { buildHouse, clientTokens, firstBest, OK, requestFor, tokens } from "./testing/house";
import type { ScheduledRequest } from "./types";

const refusing: Tokenizer = {
  contractVersion: 1,
  name: "refusing",
  tokenize() {
    throw new WarmpathError("tokenizer_unavailable", "no");
  },
};

describe("Director.schedule", () => {
  it("is synchronous when the tokenizer is, and books load and blocks in the same turn", () => {
    const { schedule, fleet } = buildHouse(3);
    const first = schedule(requestFor(tokens(0, 100)));
    expect(first.decision).toMatchObject({ promptTokens: 100, predictedCachedTokens: 0, profile: "default" });
    expect(fleet.at(first.target.slot)!.load).toMatchObject({ inFlightRequests: 1, inFlightPrefillTokens: 100 });
    const second = schedule(requestFor([...tokens(0, 96), 7, 7, 7]));
    expect(second.target).toBe(first.target);
    expect(second.decision).toMatchObject({ predictedCachedTokens: 96, reason: "prefix" });
    expect(fleet.at(second.target.slot)!.load.inFlightPrefillTokens).toBe(103);
    const other = schedule(requestFor(tokens(1000, 1100)));
    expect(other.target).not.toBe(first.target);
    expect(other.decision.reason).toBe("load");
  });

  it("predicts whole engine blocks, and never the whole prompt", () => {
    const { schedule, fleet } = buildHouse(1);
    schedule(requestFor(tokens(0, 128)));
    const predicted = (length: number) => schedule(requestFor(tokens(0, length))).decision.predictedCachedTokens;
    expect([128, 127, 113, 112, 17, 16].map(predicted)).toEqual([112, 112, 112, 96, 16, 0]);
    const metrics = { waitingRequests: 0, runningRequests: 0, kvUtilization: 0, kvBlocksTotal: undefined };
    fleet.report(0, { ...metrics, engineBlockSizeTokens: 32 });
    expect([128, 127, 113, 97, 33, 32].map(predicted)).toEqual([96, 96, 96, 96, 32, 0]);
  });

  it("keeps salts, models and estimated ids apart", () => {
    const { schedule, fleet } = buildHouse(1);
    fleet.add({ url: "http://10.0.0.2:1", models: ["lora"], ready: true });
    const predict = (fields: object) => schedule(requestFor(tokens(0, 64), fields)).decision.predictedCachedTokens;
    expect([predict({}), predict({})]).toEqual([0, 48]);
    expect([predict({ cache_salt: "s" }), predict({ cache_salt: "s" })]).toEqual([0, 48]);
    expect([predict({ model: "lora" }), predict({ model: "lora" })]).toEqual([0, 48]);
  });

  it("never lets estimated ids meet exact ones", () => {
    const ids = new Uint32Array(tokens(0, 64));
    let exact = true;
    const tokenizer: Tokenizer = {
      ...clientTokens,
      tokenize: () => ({ tokenIds: ids, exact, source: "test", multimodal: [] }),
    };
    const { schedule } = buildHouse(1, { tokenizer });
    const matched = (): number => schedule(requestFor("x")).context.get(PREFIX_MATCH)!.matchedTokens(0);
    expect([matched(), matched()]).toEqual([0, 48]);
    exact = false;
    expect([matched(), matched()]).toEqual([0, 48]);
    const { decision } = schedule(requestFor("x"));
    expect(decision).toMatchObject({ predictedCachedTokens: undefined, promptTokens: 64 });
    expect(decision.degraded).toContain("no-tokenizer");
  });

  it("says which model nobody serves, and when none is ready", () => {
    const { director, fleet } = buildHouse(1);
    const code = (model: string): unknown => {
      try {
        return director.schedule(requestFor([1], { model }));
      } catch (error) {
        return (error as WarmpathError).code;
      }
    };
    expect(code("none")).toBe("model_not_found");
    fleet.add({ url: "http://10.0.0.3:1", models: ["cold"] });
    expect(code("cold")).toBe("no_endpoint");
    for (const { id } of fleet.endpoints()) fleet.remove(id);
    expect(code("m")).toBe("no_endpoint");
  });

  it("goes on without tokens, without a tokenizer and without an index, and tells", () => {
    const estimated = buildHouse(2, { tokenizer: refusing });
    const { decision } = estimated.schedule(requestFor("some words that are long enough for a few blocks".repeat(9)));
    expect(decision.degraded).toEqual(["no-tokenizer", "stale-metrics"]);
    expect(decision.promptTokens).toBeGreaterThan(50);
    const again = estimated.schedule(requestFor("some words that are long enough for a few blocks".repeat(9)));
    expect(again.decision.reason).toBe("prefix");

    const none = buildHouse(2, { tokenizer: refusing, estimator: refusing });
    const blind = none.schedule(requestFor(tokens(0, 64)));
    expect(blind.decision.degraded).toEqual(["no-tokens", "stale-metrics"]);
    expect(blind.decision.promptTokens).toBeUndefined();
    expect(none.fleet.at(blind.target.slot)!.load.inFlightPrefillTokens).toBeGreaterThan(0);
    expect(none.logger.lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    none.schedule(requestFor(tokens(0, 64)));
    expect(none.logger.lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);

    const unindexed = buildHouse(2, { index: undefined });
    expect(unindexed.schedule(requestFor(tokens(0, 64))).decision).toMatchObject({
      degraded: ["no-index", "stale-metrics"],
    });
    expect(unindexed.director.stats().degraded).toEqual({ "no-index": 1, "stale-metrics": 1 });
  });

  it("does not call fresh metrics stale", () => {
    const { schedule, fleet, clock } = buildHouse(1);
    const metrics = { waitingRequests: 0, runningRequests: 0, kvUtilization: 0 };
    fleet.report(0, { ...metrics, kvBlocksTotal: undefined, engineBlockSizeTokens: undefined });
    expect(schedule(requestFor([1])).decision.degraded).toEqual([]);
    clock.advance(10_000);
    expect(schedule(requestFor([1])).decision.degraded).toEqual(["stale-metrics"]);
  });

  it("explains every candidate", () => {
    const { schedule } = buildHouse(2);
    schedule(requestFor(tokens(0, 100)));
    const { decision, target } = schedule(requestFor(tokens(0, 100)));
    const [one, other] = [...decision.explain()].sort((a, b) => b.matchedTokens - a.matchedTokens);
    expect(one).toMatchObject({ endpointId: target.id, matchedTokens: 96, matchedTokensByTier: [96, 0, 0] });
    expect(one?.scores).toEqual({ match: 0.96, idle: 0.5 });
    expect(one?.total).toBeCloseTo(10.1, 12);
    expect(other).toMatchObject({ matchedTokens: 0, scores: { match: 0, idle: 1 }, total: 1 });
    expect(decision.explain()).toBe(decision.explain());
  });
});

describe("asynchronous steps", () => {
  const slow = (): { tokenizer: Tokenizer; finish: (error?: unknown) => void } => {
    const waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
    const tokenizer: Tokenizer = {
      ...clientTokens,
      tokenize: async (request) => {
        await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
        return clientTokens.tokenize(request);
      },
    };
    const finish = (error?: unknown): void => {
      for (const { resolve, reject } of waiting) error ? reject(error) : resolve();
    };
    return { tokenizer, finish };
  };

  it("wait for the tokenizer, then decide with what the fleet is by then", async () => {
    const { tokenizer, finish } = slow();
    const { director, fleet } = buildHouse(2, { tokenizer });
    const pending = director.schedule(requestFor(tokens(0, 64)));
    expect(pending).toBeInstanceOf(Promise);
    fleet.remove("10.0.0.1:8000");
    finish();
    expect((await pending).target.id).toBe("10.0.0.1:8001");
  });

  it("estimate when the tokenizer is late or fails", async () => {
    const { tokenizer, finish } = slow();
    const { director, clock } = buildHouse(1, { tokenizer, tokenizeTimeoutMs: 100 });
    const late = director.schedule(requestFor("text"));
    clock.advance(100);
    expect((await late).decision.degraded).toContain("no-tokenizer");
    const failed = director.schedule(requestFor("text"));
    finish(new Error("broken"));
    expect((await failed).decision.degraded).toContain("no-tokenizer");
    expect(clock.waiting).toBe(0);
  });

  it("end with client_closed when the client leaves, and book nothing", async () => {
    const { tokenizer } = slow();
    const { director, fleet, clock } = buildHouse(1, { tokenizer });
    const abort = new AbortController();
    const pending = director.schedule(requestFor(tokens(0, 64)), abort.signal);
    abort.abort();
    await expect(pending).rejects.toMatchObject({ code: "client_closed" });
    expect(fleet.at(0)!.load.inFlightRequests).toBe(0);
    expect(clock.waiting).toBe(0);
    expect(() => buildHouse(1).director.schedule(requestFor([1]), abort.signal)).toThrow(/client left/);
  });

  it("run producers in order, and go on without the data of one that fails", async () => {
    const order: string[] = [];
    const key = (producer: string) => ({ type: "note", producer });
    const producer = (name: string, work: () => void | Promise<void>, consumes: ReturnType<typeof key>[] = []) => ({
      ...{ type: name, name, produces: [key(name)], consumes },
      produce: () => {
        order.push(name);
        return work();
      },
    });
    const { director, logger } = buildHouse(1, {
      producers: [
        producer("third", () => {}, [key("second")]),
        producer("second", () => Promise.reject(new Error("no")), [key("first")]),
        producer("first", () => Promise.resolve()),
      ],
    });
    const { decision } = await director.schedule(requestFor([1]));
    expect(order).toEqual(["first", "second", "third"]);
    expect(decision.degraded).toContain("no-second");
    expect(logger.lines).toContain("warn A producer failed; its data is missing.");
  });
});

describe("ScheduledRequest.failOver", () => {
  it("moves to the next best untried endpoint and takes the bookings along", () => {
    const { schedule, fleet, director } = buildHouse(3);
    schedule(requestFor(tokens(0, 64))).end(OK);
    const request = schedule(requestFor(tokens(0, 64)));
    const first = request.target;
    expect(request.decision.predictedCachedTokens).toBe(48);
    const second = request.failOver()!;
    expect(second).not.toBe(first);
    expect(request.target).toBe(second);
    expect(request.decision).toMatchObject({ predictedCachedTokens: 0, reason: "fail-over" });
    expect(fleet.at(first.slot)!.load.inFlightRequests).toBe(0);
    expect(fleet.at(second.slot)!.load).toMatchObject({ inFlightRequests: 1, inFlightPrefillTokens: 64 });
    expect(fleet.candidatesFor("m").map(({ endpoint }) => endpoint)).not.toContain(first);
    const third = request.failOver()!;
    expect(new Set([first, second, third]).size).toBe(3);
    expect(request.failOver()).toBeUndefined();
    request.end({ ...OK, status: "failed", httpStatus: undefined });
    for (const slot of [0, 1, 2]) expect(fleet.at(slot)!.load.inFlightRequests).toBe(0);
    expect(director.stats().failOvers).toBe(2);
  });

  it("skips endpoints that are gone", () => {
    const { schedule, fleet } = buildHouse(3);
    const request = schedule(requestFor([1]));
    for (const endpoint of fleet.endpoints()) if (endpoint !== request.target) fleet.remove(endpoint.id);
    expect(request.failOver()).toBeUndefined();
  });

  it("follows the picker's own order first", () => {
    const picker = { ...firstBest, pick: () => [2, 0] };
    const { schedule } = buildHouse(3, { profiles: [createProfile({ picker })] });
    const request = schedule(requestFor([1]));
    expect(request.decision.targets.map(({ slot }) => slot)).toEqual([2, 0]);
    expect([request.failOver()?.slot, request.failOver()?.slot, request.failOver()]).toEqual([0, 1, undefined]);
  });
});

describe("ScheduledRequest.end", () => {
  it("compares predicted with reported cached tokens", () => {
    const { schedule, director } = buildHouse(1);
    const run = (cachedTokens: number | undefined, promptTokens = 64): void =>
      schedule(requestFor(tokens(0, 64))).end({ ...OK, cachedTokens, promptTokens });
    run(0);
    run(48);
    run(32);
    run(undefined);
    run(48, 65);
    expect(director.stats().drift).toMatchObject({
      compared: 4,
      exact: 3,
      predictedTokens: 144,
      reportedTokens: 128,
      overTokens: 16,
      underTokens: 0,
      promptMismatches: 1,
    });
  });

  it("compares with the endpoint that answered, after a fail-over", () => {
    const { schedule, director } = buildHouse(2);
    schedule(requestFor(tokens(0, 64))).end(OK);
    const request = schedule(requestFor(tokens(0, 64)));
    request.failOver();
    request.end({ ...OK, cachedTokens: 0 });
    expect(director.stats().drift).toMatchObject({ compared: 1, exact: 1 });
  });

  it("sets an endpoint aside when the answer was cut, not when the engine refused", () => {
    const { schedule, fleet } = buildHouse(2);
    const healthy = (): number => fleet.status().filter(({ ejected }) => !ejected).length;
    schedule(requestFor([1])).end({ ...OK, status: "failed", httpStatus: 500 });
    schedule(requestFor([1])).end({ ...OK, status: "aborted" });
    expect(healthy()).toBe(2);
    schedule(requestFor([1])).end({ ...OK, status: "failed", httpStatus: 200 });
    expect(healthy()).toBe(1);
  });

  it("tells observers once, and survives theirs that fail", () => {
    const seen: string[] = [];
    const failing = {
      onDispatch() {
        throw new Error("observer");
      },
    };
    const observer = {
      onDispatch: () => void seen.push("dispatch"),
      onFirstToken: () => void seen.push("first"),
      onEnd: () => void seen.push("end"),
    };
    const { schedule, logger } = buildHouse(1, { observers: [failing, observer] });
    const request = schedule(requestFor([1]));
    request.firstToken();
    request.firstToken();
    request.end(OK);
    request.end(OK);
    request.firstToken();
    expect(seen).toEqual(["dispatch", "first", "end"]);
    expect(request.failOver()).toBeUndefined();
    expect(logger.lines).toContain("error A request observer failed.");
  });

  it("leaves no load and no wrong match behind, however calls interleave", () => {
    const step = fc.record({
      call: fc.constantFrom("schedule", "schedule", "firstToken", "failOver", "end"),
      at: fc.nat(9),
      prompt: fc.nat(3),
      length: fc.integer({ min: 1, max: 80 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { schedule, fleet, clock, index } = buildHouse(3);
        const live: ScheduledRequest[] = [];
        for (const { call, at, prompt, length } of steps) {
          clock.advance(1000);
          if (call === "schedule") {
            const request = schedule(requestFor(tokens(prompt * 1000, prompt * 1000 + length)));
            const { slot } = request.target;
            const { explain } = { explain: () => request.decision.explain() };
            const own = explain().find(({ endpointId }) => endpointId === request.target.id)!;
            expect(own.matchedTokens).toBe(request.decision.predictedCachedTokens);
            expect(own.matchedTokens % 16).toBe(0);
            expect(own.matchedTokens).toBeLessThan(length);
            expect(own.matchedTokens).toBe(request.context.get(PREFIX_MATCH)!.matchedTokens(slot));
            live.push(request);
          } else if (call === "end") live[at]?.end(OK);
          else live[at]?.[call]();
        }
        for (const request of live) request.end(OK);
        for (const { load } of fleet.status())
          expect([load.inFlightRequests, load.inFlightPrefillTokens, load.inFlightContextTokens]).toEqual([0, 0, 0]);
        index.close();
      }),
      { numRuns: 40 },
    );
  });
});

describe("bookings of blocks", () => {
  it("last long where no events come, and go with the endpoint", () => {
    const { schedule, clock, fleet } = buildHouse(1, { approximateTtlMs: 60_000, bookingTtlMs: 1000 });
    const predicted = (): number | undefined => schedule(requestFor(tokens(0, 64))).decision.predictedCachedTokens;
    predicted();
    clock.advance(30_000);
    expect(predicted()).toBe(48);
    fleet.remove("10.0.0.1:8000");
    fleet.add({ url: "http://10.0.0.9:1", models: ["m"], ready: true });
    expect(predicted()).toBe(0);
  });

  it("last only until events would have come, where they do", () => {
    const { schedule, clock, index } = buildHouse(1, { bookingTtlMs: 1000, eventsLive: () => true });
    const source = { slot: 0, rank: 0, model: "m" };
    index.apply(source, {
      timestampSeconds: 0,
      dataParallelRank: undefined,
      malformedEvents: 0,
      events: [
        {
          ...{ kind: "stored", parentHash: undefined, blockSizeTokens: 16, medium: undefined, extraKeys: undefined },
          ...{ loraId: undefined, loraName: undefined, groupIndex: undefined, specKind: undefined },
          ...{ slidingWindow: undefined, locality: undefined },
          blockHashes: Uint32Array.of(1, 2),
          tokenIds: Uint32Array.from(tokens(0, 16)),
        },
      ],
    });
    const predicted = (): number | undefined => schedule(requestFor(tokens(0, 64))).decision.predictedCachedTokens;
    expect(predicted()).toBe(16);
    expect(predicted()).toBe(48);
    clock.advance(30_000);
    expect(predicted()).toBe(16);
  });
});

describe("createDirector", () => {
  const profile = createProfile({ picker: firstBest });

  it("refuses profiles that share a name or need another handler", () => {
    expect(() => buildHouse(1, { profiles: [profile, profile] })).toThrow(/one name/);
    expect(() => buildHouse(1, { profiles: [] })).toThrow(/exactly one profile/);
    expect(() => buildHouse(1, { profiles: [profile, { ...profile, name: "b" }] })).toThrow(/exactly one profile/);
  });

  it("refuses consumers of what nobody makes", () => {
    const key = { type: "thing", producer: "nobody" };
    const scorer = { type: "s", name: "needy", consumes: [key], score: () => {} };
    const profiles = [createProfile({ scorers: [{ scorer, weight: 1 }], picker: firstBest })];
    expect(() => buildHouse(1, { profiles })).toThrow(/"needy" needs thing of "nobody"/);
    const circle = { type: "p", name: "p", produces: [key], consumes: [key], produce: () => {} };
    expect(() => buildHouse(1, { producers: [circle] })).toThrow(/"p" needs thing/);
  });

  it("refuses times that are not positive", () => {
    expect(() => buildHouse(1, { bookingTtlMs: 0 })).toThrow(/bookingTtlMs/);
  });

  it("stops listening to the fleet when it is closed", () => {
    const { director, fleet } = buildHouse(1);
    director.close();
    expect(() => fleet.remove("10.0.0.1:8000")).not.toThrow();
    expect(createDirector).toBeTypeOf("function");
  });
});
