import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createVirtualClock } from "./virtual-clock";

describe("createVirtualClock", () => {
  it("runs callbacks by time, and by order of scheduling at equal times", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }), (delays) => {
        const clock = createVirtualClock();
        const ran: [number, number][] = [];
        for (const [i, delay] of delays.entries()) clock.schedule(delay, () => ran.push([clock.nowMs(), i]));
        clock.run();
        const expected = delays
          .map((delay, i) => [delay, i] as [number, number])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(ran).toEqual(expected);
      }),
    );
  });

  it("stops at the given time, skips what was cancelled and runs what callbacks schedule", () => {
    const clock = createVirtualClock();
    const ran: string[] = [];
    clock.schedule(10, () => {
      ran.push("ten");
      clock.schedule(0, () => ran.push("ten again"));
    });
    const cancel = clock.schedule(11, () => ran.push("never"));
    clock.schedule(20, () => ran.push("twenty"));
    cancel();
    cancel();
    clock.run(15);
    expect(ran).toEqual(["ten", "ten again"]);
    expect(clock.nowMs()).toBe(15);
    clock.run();
    expect(ran).toEqual(["ten", "ten again", "twenty"]);
    expect(clock.pending).toBe(0);
  });
});
