import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelled, RecordingSink, range, silentLogger } from "../../test/engine";
import { FakeClock, Wire } from "../../test/wire-in-memory";
import { subscribeKvEvents } from "./subscribe";
import type { KvEventSubscribeOptions } from "./types";

type Action =
  | { readonly do: "publish"; readonly count: number }
  | { readonly do: "lose"; readonly count: number }
  | { readonly do: "repeat" }
  | { readonly do: "cut" }
  | { readonly do: "restart"; readonly count: number }
  | { readonly do: "mute"; readonly on: boolean }
  | { readonly do: "wait"; readonly ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("lose" as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("repeat" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restart" as const), count: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("mute" as const), on: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(3_000) }) },
);

interface World {
  readonly clock: FakeClock;
  readonly wire: Wire;
  readonly sink: RecordingSink;
  readonly subscription: ReturnType<typeof subscribeKvEvents>;
  label: number;
}

function world(options: Partial<KvEventSubscribeOptions> = {}): World {
  const clock = new FakeClock();
  const wire = new Wire(clock);
  const sink = new RecordingSink();
  const subscription = subscribeKvEvents({
    address: { publish: "live", replay: "replay", topic: "" },
    source: { slot: 0, rank: 0, model: "m" },
    sink,
    clock,
    logger: silentLogger,
    messageSource: wire,
    ...options,
  });
  return { clock, wire, sink, subscription, label: 0 };
}

async function act(state: World, step: Action): Promise<void> {
  const { wire, clock } = state;
  const next = (): Uint8Array => labelled(++state.label);
  if (step.do === "publish") for (let i = 0; i < step.count; i++) wire.publish(next(), true);
  else if (step.do === "lose") for (let i = 0; i < step.count; i++) wire.publish(next(), false);
  else if (step.do === "repeat") wire.repeat();
  else if (step.do === "cut") wire.cut();
  else if (step.do === "mute") wire.mute = step.on;
  else if (step.do === "restart") {
    wire.restart();
    for (let i = 0; i < step.count; i++) wire.publish(next(), false);
  }
  await clock.advance(step.do === "wait" ? step.ms : 0);
}

/** What the sink holds: all since its last reset. */
function held(sink: RecordingSink): unknown[] {
  return sink.seen.slice(sink.seen.lastIndexOf("reset") + 1);
}

describe("subscribeKvEvents, in a simulated network", () => {
  it("ends with the engine's whole history in order, whatever was lost, cut, repeated, restarted or muted", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (steps) => {
        const state = world();
        await state.clock.advance(0);
        for (const step of steps) await act(state, step);
        state.wire.mute = false;
        // Long enough for a rebuild after the longest cooldown and for a probe after the longest silence.
        await state.clock.advance(1_000_000);
        await act(state, { do: "publish", count: 1 });
        await state.clock.advance(100_000);
        const { sink, wire, subscription } = state;
        const labels = held(sink);
        expect(labels).toEqual(wire.labels(labels.length));
        expect(labels).toHaveLength(wire.history.length);
        expect(subscription.state).toMatchObject({ degraded: false, replaying: false, connected: true });
        await subscription.close();
        expect(wire.openSockets).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it("never delivers a batch twice, nor out of order, between two resets when history is cut short", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), fc.integer({ min: 0, max: 6 }), async (steps, kept) => {
        const state = world();
        state.wire.kept = kept;
        await state.clock.advance(0);
        for (const step of steps) await act(state, step);
        await state.clock.advance(100_000);
        let last = -1;
        for (const entry of state.sink.seen) {
          if (entry !== "reset") expect(entry).toBeGreaterThan(last);
          last = entry === "reset" ? last : entry;
          if (entry === "reset") last = -1;
        }
        // Live batches go on, degraded or not.
        state.wire.mute = false;
        await act(state, { do: "publish", count: 1 });
        await state.clock.advance(100_000);
        expect(held(state.sink).at(-1)).toBe(state.label);
        const { replays } = state.subscription.state;
        await state.clock.advance(1_000_000);
        expect(state.subscription.state.replays).toBeLessThanOrEqual(replays + 1);
        await state.subscription.close();
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("keeps at most the newest live batches while a replay hangs", async () => {
    const state = world({ maxBufferedMessages: 10 });
    state.wire.mute = true;
    await state.clock.advance(0);
    await act(state, { do: "publish", count: 5 });
    for (const _ of range(0, 10)) await act(state, { do: "publish", count: 5 });
    expect(state.subscription.state).toMatchObject({ bufferOverflows: 45, batches: 0, replaying: true });
    state.wire.mute = false;
    await state.clock.advance(1_000_000);
    expect(held(state.sink)).toEqual(range(1, 56));
    expect(state.subscription.state).toMatchObject({ degraded: false });
    await state.subscription.close();
  });

  it("waits longer after each failed connection, within its bounds, and jitters", async () => {
    const times = async (next: number | undefined): Promise<number[]> => {
      const state = world({
        reconnectMinMs: 100,
        reconnectMaxMs: 1_000,
        ...(next === undefined ? {} : { random: { next: () => next } }),
      });
      state.wire.refuse = true;
      await state.clock.advance(5_000);
      await state.subscription.close();
      return state.wire.attempts.slice(0, 7);
    };
    expect(await times(undefined)).toEqual([0, 100, 300, 700, 1_500, 2_500, 3_500]);
    expect(await times(0)).toEqual([0, 50, 150, 350, 750, 1_250, 1_750]);
  });

  it("gives up a connection that does not come about, and tries again", async () => {
    const state = world({ connectTimeoutMs: 1_000 });
    state.wire.stall = true;
    await state.clock.advance(1_050);
    expect(state.wire.openSockets).toBe(0);
    state.wire.stall = false;
    await state.clock.advance(200);
    expect(state.subscription.state.connected).toBe(true);
    await state.subscription.close();
  });

  it("asks a silent engine ever more seldom, and not at all where it is told so", async () => {
    const asked = async (probeIdleMs: number): Promise<number> => {
      const state = world({ probeIdleMs });
      await state.clock.advance(0);
      await act(state, { do: "publish", count: 1 });
      const before = state.wire.requests;
      await state.clock.advance(100_000);
      await state.subscription.close();
      return state.wire.requests - before;
    };
    expect(await asked(1_000)).toBe(7);
    expect(await asked(0)).toBe(0);
  });
});
