import { describe, expect, it } from "vitest";
import { MemoryLogger } from "../../../tooling/testing/loggers";
import { DriftMonitor } from "./drift";

describe("DriftMonitor", () => {
  it("sounds the alarm once when predictions drift, and ends it when they agree", () => {
    const logger = new MemoryLogger();
    const monitor = new DriftMonitor(logger, undefined);
    for (let i = 0; i < 100; i++) monitor.compare(100, 100, 100);
    expect(monitor.stats()).toMatchObject({ exact: 100, alarm: false, meanError: 0 });
    for (let i = 0; i < 100; i++) monitor.compare(100, 0, 100);
    expect(monitor.stats()).toMatchObject({ overTokens: 10_000, underTokens: 0, alarm: true });
    for (let i = 0; i < 100; i++) monitor.compare(0, 0, 100);
    expect(monitor.stats().alarm).toBe(false);
    expect(logger.lines.map((line) => line.slice(0, 4))).toEqual(["warn", "info"]);
  });

  it("keeps quiet about the first few", () => {
    const logger = new MemoryLogger();
    const monitor = new DriftMonitor(logger, undefined);
    for (let i = 0; i < 19; i++) monitor.compare(0, 100, 100);
    expect(monitor.stats()).toMatchObject({ underTokens: 1900, alarm: false });
    monitor.compare(0, 100, 100);
    expect(monitor.stats().alarm).toBe(true);
  });

  it("counts into metrics", () => {
    const counts = new Map<string, number>();
    const metrics = {
      counter: ({ name }: { name: string }) => ({
        add: (value = 1) => void counts.set(name, (counts.get(name) ?? 0) + value),
      }),
      gauge: () => ({ set: () => {} }),
      histogram: () => ({ observe: () => {} }),
    };
    const monitor = new DriftMonitor(new MemoryLogger(), metrics);
    monitor.compare(10, 4, 100);
    monitor.compare(1, 4, 100);
    monitor.comparePrompt(5, 6);
    monitor.comparePrompt(5, 5);
    expect(Object.fromEntries(counts)).toEqual({
      warmpath_predicted_cached_tokens_total: 11,
      warmpath_reported_cached_tokens_total: 8,
      warmpath_over_predicted_tokens_total: 6,
      warmpath_under_predicted_tokens_total: 3,
      warmpath_prompt_length_mismatches_total: 1,
    });
  });
});
