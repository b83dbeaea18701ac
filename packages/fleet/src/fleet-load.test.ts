import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../tooling/testing/clock";
import { MemoryLogger } from "../../../tooling/testing/loggers";
import { createFleet } from "./fleet";
import type { Booking } from "./types";

const METRICS = {
  waitingRequests: 2,
  runningRequests: 3,
  kvUtilization: 0.5,
  kvBlocksTotal: 100,
  engineBlockSizeTokens: 16,
};

function fleetOf(count: number, clock = new ManualClock()) {
  const fleet = createFleet({ clock, logger: new MemoryLogger(), polling: false });
  for (let i = 0; i < count; i++) fleet.add({ url: `http://10.0.0.1:${8000 + i}`, models: ["m"], ready: true });
  return { fleet, clock };
}

describe("Fleet.book", () => {
  it("counts prefill until the first token, context until the end", () => {
    const { fleet } = fleetOf(1);
    const { load } = fleet.at(0)!;
    const booking = fleet.book(0, { prefillTokens: 30, contextTokens: 100 });
    expect(load).toMatchObject({ inFlightRequests: 1, inFlightPrefillTokens: 30, inFlightContextTokens: 0 });
    booking.firstToken();
    booking.firstToken();
    expect(load).toMatchObject({ inFlightRequests: 1, inFlightPrefillTokens: 0, inFlightContextTokens: 100 });
    booking.end();
    booking.end();
    booking.firstToken();
    expect(load).toMatchObject({ inFlightRequests: 0, inFlightPrefillTokens: 0, inFlightContextTokens: 0 });
  });

  it("never goes negative and ends at zero, whatever the order of calls", () => {
    const step = fc.record({ booking: fc.nat(5), call: fc.constantFrom("book", "firstToken", "end") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { fleet } = fleetOf(2);
        const bookings: Booking[] = [];
        const size = { prefillTokens: 7, contextTokens: 11 };
        for (const { booking, call } of steps) {
          if (call === "book") bookings.push(fleet.book(booking % 2, size));
          else bookings[booking]?.[call]();
          for (const slot of [0, 1]) {
            const { load } = fleet.at(slot)!;
            expect(
              Math.min(load.inFlightRequests, load.inFlightPrefillTokens, load.inFlightContextTokens),
            ).toBeGreaterThanOrEqual(0);
          }
        }
        for (const booking of bookings) booking.end();
        for (const slot of [0, 1])
          expect(fleet.at(slot)!.load).toMatchObject({
            inFlightRequests: 0,
            inFlightPrefillTokens: 0,
            inFlightContextTokens: 0,
          });
      }),
    );
  });

  it("leaves a newcomer in the same slot alone", () => {
    const { fleet } = fleetOf(1);
    const booking = fleet.book(0, { prefillTokens: 5, contextTokens: 5 });
    fleet.remove("10.0.0.1:8000");
    const next = fleet.add({ url: "http://10.0.0.9:1", models: ["m"], ready: true });
    expect(next.slot).toBe(0);
    booking.end();
    expect(fleet.at(0)!.load.inFlightRequests).toBe(0);
    expect(() => fleet.book(99, { prefillTokens: 1, contextTokens: 1 }).end()).not.toThrow();
  });
});

describe("EndpointLoad.trust", () => {
  it("is 0 before the first metrics, 1 while they are fresh, and halves with every further second", () => {
    const { fleet, clock } = fleetOf(1);
    const { load } = fleet.at(0)!;
    expect(load.trust).toBe(0);
    fleet.report(0, METRICS);
    expect(load).toMatchObject({ ...METRICS, trust: 1, updatedAtMs: 0 });
    const trustAfter = (ms: number): number => {
      clock.ms = ms;
      fleet.candidatesFor("m");
      return load.trust;
    };
    expect([1000, 2000, 3000].map(trustAfter)).toEqual([1, 0.5, 0.25]);
  });

  it("keeps a known cache size when later metrics lack it", () => {
    const { fleet } = fleetOf(1);
    fleet.report(0, METRICS);
    fleet.report(0, { ...METRICS, waitingRequests: 9, kvBlocksTotal: undefined, engineBlockSizeTokens: undefined });
    expect(fleet.at(0)!.load).toMatchObject({ waitingRequests: 9, kvBlocksTotal: 100, engineBlockSizeTokens: 16 });
  });
});

describe("Fleet.candidatesFor", () => {
  it("gives the same array until the fleet changes", () => {
    const { fleet } = fleetOf(3);
    const first = fleet.candidatesFor("m");
    expect(first.map(({ endpoint }) => endpoint.slot)).toEqual([0, 1, 2]);
    expect(fleet.candidatesFor("m")).toBe(first);
    expect(fleet.candidatesFor("unknown")).toEqual([]);
    expect(fleet.candidatesFor("another")).toBe(fleet.candidatesFor("unknown"));
    fleet.remove("10.0.0.1:8001");
    expect(fleet.candidatesFor("m").map(({ endpoint }) => endpoint.slot)).toEqual([0, 2]);
  });

  it("leaves out an endpoint that failed, for a short time that doubles", () => {
    const { fleet, clock } = fleetOf(2);
    const slots = (): number[] => fleet.candidatesFor("m").map(({ endpoint }) => endpoint.slot);
    fleet.markFailed(0);
    fleet.markFailed(0);
    expect(slots()).toEqual([1]);
    clock.advance(499);
    expect(slots()).toEqual([1]);
    clock.advance(1);
    expect(slots()).toEqual([0, 1]);
    fleet.markFailed(0);
    clock.advance(999);
    expect(slots()).toEqual([1]);
    fleet.markGood(0);
    expect(slots()).toEqual([0, 1]);
    fleet.markFailed(0);
    clock.advance(500);
    expect(slots()).toEqual([0, 1]);
  });

  it("gives failed endpoints when there are no others", () => {
    const { fleet } = fleetOf(2);
    fleet.markFailed(0);
    fleet.markFailed(1);
    expect(fleet.candidatesFor("m")).toHaveLength(2);
  });
});

describe("Fleet.add and remove", () => {
  it("gives a slot away only after the removal was told", () => {
    const { fleet } = fleetOf(2);
    const seen: string[] = [];
    fleet.onChange(({ kind, endpoint }) => {
      if (kind === "removed")
        seen.push(`removed ${endpoint.slot}, new ${fleet.add({ url: "http://10.0.0.2:1" }).slot}`);
    });
    fleet.remove("10.0.0.1:8000");
    expect(seen).toEqual(["removed 0, new 2"]);
    expect(fleet.add({ url: "http://10.0.0.2:2" }).slot).toBe(0);
    expect(fleet.remove("none")).toBe(false);
  });

  it("names endpoints by host and port, ranks by their number", () => {
    const { fleet } = fleetOf(0);
    expect(fleet.add({ url: "http://host:1/" }).id).toBe("host:1");
    expect(fleet.add({ url: "https://host" }).id).toBe("host:443");
    expect(fleet.add({ url: "http://host:1", dataParallelRank: 3 }).id).toBe("host:1/dp3");
    expect(fleet.endpoints().map(({ url }) => url)).toEqual(["http://host:1", "https://host", "http://host:1"]);
  });

  it("refuses what is no URL, and an id that is taken, without losing a slot", () => {
    const { fleet } = fleetOf(1);
    for (const url of ["host:1", "ftp://host:1", "http://host:1/v1", "http://u@host:1", ""])
      expect(() => fleet.add({ url })).toThrow(/endpoint URL/);
    expect(() => fleet.add({ url: "http://10.0.0.1:8000" })).toThrow(/two endpoints/);
    expect(fleet.add({ url: "http://host:1" }).slot).toBe(1);
  });

  it("goes on when a listener throws", () => {
    const logger = new MemoryLogger();
    const fleet = createFleet({ clock: new ManualClock(), logger, polling: false });
    fleet.onChange(() => {
      throw new Error("listener");
    });
    let told = 0;
    const stop = fleet.onChange(() => told++);
    fleet.add({ url: "http://host:1" });
    stop();
    fleet.add({ url: "http://host:2" });
    expect(told).toBe(1);
    expect(logger.lines).toContain("error A fleet listener failed.");
  });

  it("refuses options that are no positive numbers", () => {
    const logger = new MemoryLogger();
    for (const staleAfterMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => createFleet({ clock: new ManualClock(), logger, staleAfterMs })).toThrow(/staleAfterMs/);
  });
});

describe("Fleet.keyModel", () => {
  it("gives the name under which an engine's events come", () => {
    const { fleet } = fleetOf(0);
    fleet.add({ url: "http://a:1", models: ["base", "alias"] });
    expect([fleet.keyModel("base"), fleet.keyModel("alias"), fleet.keyModel("other")]).toEqual([
      "base",
      "base",
      "other",
    ]);
    expect([fleet.baseModel(0), fleet.baseModel(1)]).toEqual(["base", undefined]);
    expect([fleet.knowsModel("alias"), fleet.knowsModel("other")]).toEqual([true, false]);
  });
});
