import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forEachSample, labelValue } from "./prometheus";

function samples(text: string, metric: string): [string, number][] {
  const found: [string, number][] = [];
  forEachSample(text, metric, (labels, value) => found.push([labels, value]));
  return found;
}

describe("forEachSample", () => {
  it("finds a metric with and without labels, at the start and at the end of the text", () => {
    expect(samples('a{x="1"} 2\nab 3\na 4', "a")).toEqual([
      ['x="1"', 2],
      ["", 4],
    ]);
  });

  it("does not take comments, longer names or values inside other labels", () => {
    const text = '# HELP a a 1\n# TYPE a gauge\na_total{x="1"} 7\nb{x="\na 9"} 8\n a 1\n';
    expect(samples(text, "a").filter(([, value]) => value !== 9)).toEqual([]);
    expect(samples(text, "a_total")).toEqual([['x="1"', 7]]);
  });

  it("reads exponents, infinities and time stamps, and leaves out what is no number", () => {
    const text = "a 1.5e3\na +Inf\na -Inf\na 2 1700000000000\na NaN\na\na x\n";
    expect(samples(text, "a").map(([, value]) => value)).toEqual([1500, Infinity, -Infinity, 2]);
  });

  it("keeps braces and quotes inside label values", () => {
    const labels = 'x="a}b",y="c\\"} 1"';
    expect(samples(`a{${labels}} 5\n`, "a")).toEqual([[labels, 5]]);
  });

  it("survives cut lines", () => {
    expect(samples('a{x="1', "a")).toEqual([]);
    expect(samples("a{x", "a")).toEqual([]);
    expect(samples('a{x="1"}', "a")).toEqual([]);
  });

  it("reads back whatever was written", () => {
    const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,6}$/);
    const escaped = (value: string): string =>
      value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    const series = fc.record({
      labels: fc.dictionary(name, fc.string(), { maxKeys: 3 }),
      value: fc.double({ noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(series, { maxLength: 8 }), (list) => {
        const text = list.map(({ labels, value }) => {
          const inner = Object.entries(labels).map(([key, label]) => `${key}="${escaped(label)}"`);
          return `other 1\nvllm:x{${inner.join(",")}} ${String(value)
            .replace(/^Infinity/, "+Inf")
            .replace("-Infinity", "-Inf")}`;
        });
        const found = samples(text.join("\n"), "vllm:x");
        expect(found.map(([, value]) => value)).toEqual(list.map(({ value }) => value + 0));
        for (const [i, { labels }] of list.entries())
          for (const [key, label] of Object.entries(labels)) expect(labelValue(found[i]![0], key)).toBe(label);
      }),
    );
  });
});

describe("labelValue", () => {
  it("takes the label of that name, not one that ends with it", () => {
    expect(labelValue('user_specified_block_size="True",block_size="32"', "block_size")).toBe("32");
    expect(labelValue('a="block_size=7",b="1"', "block_size")).toBeUndefined();
    expect(labelValue('a="x", b="1"', "b")).toBe("1");
    expect(labelValue("", "b")).toBeUndefined();
    expect(labelValue('b="x', "b")).toBeUndefined();
  });
});
