import { describe, expect, it } from "vitest";
import { ArmStats, quantile } from "./arm-stats";
import { createView, table } from "./view";

function arm(name: string, hits: number) {
  const stats = new ArmStats();
  for (let i = 0; i < 4; i++) {
    const endpoint = i < 3 ? "a:1" : "b:1";
    stats.add({ text: "", ttftMs: 10 * (i + 1), totalMs: 100, promptTokens: 100, cachedTokens: hits, endpoint });
  }
  return { name, figures: stats.figures(2) };
}

describe("ArmStats", () => {
  it("counts hits by tokens, quantiles by rank and load against the mean of all engines", () => {
    const { figures } = arm("warmpath", 75);
    expect(figures).toMatchObject({
      requests: 4,
      failed: 0,
      hitRate: 0.75,
      ttftP50Ms: 20,
      ttftP90Ms: 40,
      maxOverMean: 1.5,
    });
  });

  it("has no quantile of nothing", () => {
    expect(quantile([], 0.5)).toBeNaN();
  });
});

describe("createView", () => {
  it("prints plain lines, not too often, where there is no terminal", () => {
    const written: string[] = [];
    const view = createView({ write: (text) => written.push(text) });
    view.update([arm("warmpath", 75)], 0);
    view.update([arm("warmpath", 75)], 1000);
    view.update([arm("warmpath", 75)], 3100);
    expect(written).toHaveLength(2);
    expect(written[0]).toBe("0 s  warmpath: 4 requests, 75.0 % from cache\n");
    expect(written.join("")).not.toContain("\u001b");
  });

  it("redraws in place in a terminal", () => {
    const written: string[] = [];
    const view = createView({ isTTY: true, write: (text) => written.push(text) });
    view.update([arm("warmpath", 75), arm("round robin", 25)], 0);
    view.update([arm("warmpath", 75), arm("round robin", 25)], 1000);
    const lines = written[0]!.split("\n").length - 1;
    expect(written[1]).toContain(`\u001b[${lines}A`);
  });
});

describe("table", () => {
  it("has lines of one width", () => {
    const lines = table([arm("warmpath", 75), arm("round robin", 5)]);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[1]).toMatch(/^warmpath +4 +0 +75\.0 % +20 ms +40 ms +1\.50$/);
  });
});
