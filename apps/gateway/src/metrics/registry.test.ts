import { describe, expect, it } from "vitest";
import { MetricsRegistry } from "./registry";

describe("MetricsRegistry", () => {
  it("writes the text format, families together, labels sorted and escaped", () => {
    const registry = new MetricsRegistry();
    registry.counter({ name: "a_total", help: "As\nand \\." }).add(2);
    registry.gauge({ name: "g", help: "G.", labels: { z: 'q"\\\n', a: "1" } }).set(-0.5);
    registry.counter({ name: "b_total", help: "Bs.", labels: { k: "1" } }).add();
    registry.counter({ name: "b_total", help: "Bs.", labels: { k: "2" } }).add(3);
    const histogram = registry.histogram({ name: "h_seconds", help: "H.", labels: { k: "v" }, buckets: [1, 0.5] });
    for (const value of [0.5, 0.6, 7]) histogram.observe(value);
    expect(registry.render()).toBe(
      [
        "# HELP a_total As\\nand \\\\.",
        "# TYPE a_total counter",
        "a_total 2",
        "# HELP g G.",
        "# TYPE g gauge",
        'g{a="1",z="q\\"\\\\\\n"} -0.5',
        "# HELP b_total Bs.",
        "# TYPE b_total counter",
        'b_total{k="1"} 1',
        'b_total{k="2"} 3',
        "# HELP h_seconds H.",
        "# TYPE h_seconds histogram",
        'h_seconds_bucket{k="v",le="0.5"} 1',
        'h_seconds_bucket{k="v",le="1"} 2',
        'h_seconds_bucket{k="v",le="+Inf"} 3',
        'h_seconds_sum{k="v"} 8.1',
        'h_seconds_count{k="v"} 3',
        "",
      ].join("\n"),
    );
  });

  it("gives the same series for the same name and labels, and refuses another kind", () => {
    const registry = new MetricsRegistry();
    const labels = { b: "1", a: "2" };
    expect(registry.counter({ name: "x", help: "", labels })).toBe(
      registry.counter({ name: "x", help: "", labels: { a: "2", b: "1" } }),
    );
    expect(() => registry.gauge({ name: "x", help: "" })).toThrow("is a counter");
  });

  it("asks its collectors at each scrape", () => {
    const registry = new MetricsRegistry();
    const gauge = registry.gauge({ name: "n", help: "N." });
    let calls = 0;
    registry.onCollect(() => gauge.set(++calls));
    expect(registry.render()).toContain("\nn 1\n");
    expect(registry.render()).toContain("\nn 2\n");
  });
});
