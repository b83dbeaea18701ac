import { WarmpathError } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DEPTH } from "./json-scanner";
import { scanBody } from "./scan-body";

/** The body at each of four alignments in memory: words are read four bytes at a time. */
function aligned(text: string | Uint8Array): Buffer[] {
  const bytes = Buffer.from(text as string);
  return [0, 1, 2, 3].map((shift) => {
    const around = Buffer.alloc(bytes.length + shift + 7, '"\\');
    bytes.copy(around, shift);
    return around.subarray(shift, shift + bytes.length);
  });
}

function accepts(body: Uint8Array): boolean {
  try {
    scanBody(body);
    return true;
  } catch (error) {
    if (!WarmpathError.isInstance(error) || error.code !== "invalid_json") throw error;
    return false;
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Reads the members back through their offsets. */
function readBack(body: Uint8Array): Record<string, unknown> {
  const { scanner, members } = scanBody(body);
  const read: [string, unknown][] = [];
  for (let i = 0; i < members.count; i++) {
    const key = scanner.bytes.toString("utf8", members.keyStart(i), scanner.skipString(members.keyStart(i)));
    const value = scanner.bytes.toString("utf8", members.valueStart(i), members.valueEnd(i));
    read.push([JSON.parse(key) as string, JSON.parse(value)]);
  }
  return Object.fromEntries(read);
}

const jsonObject = fc.dictionary(
  fc.string({ unit: "grapheme" }),
  fc.jsonValue({ stringUnit: "grapheme", maxDepth: 4 }),
);

describe("scanBody", () => {
  it("reads the members that JSON.parse reads, compact and indented", () => {
    fc.assert(
      fc.property(jsonObject, fc.constantFrom(0, 1, "\t"), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        for (const body of aligned(text)) expect(readBack(body)).toEqual(JSON.parse(text));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("accepts a changed text exactly when JSON.parse accepts it as an object", () => {
    const junk = fc.constantFrom(
      ...'{}[]",:\\/u0e+-.1a\n\t \u0001\u007fé',
      "\\u12",
      "\\ud83d",
      "true",
      "nul",
      '\\"',
      "\\\\",
    );
    let refused = 0;
    fc.assert(
      fc.property(jsonObject, fc.nat(), fc.nat(8), junk, (value, position, cut, insert) => {
        const text = JSON.stringify(value);
        const at = position % (text.length + 1);
        const changed = Buffer.from(text.slice(0, at) + insert + text.slice(at + cut)).toString();
        const expected = isJsonObject(changed);
        if (!expected) refused++;
        for (const body of aligned(changed)) expect(accepts(body), changed).toBe(expected);
      }),
      { seed: 2, numRuns: 1500 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  it("refuses every truncation", () => {
    const text = JSON.stringify({ a: [1, -2.5e3, true, null], "b\n": { c: 'x"y\\z'.repeat(30) }, d: "é🦊" });
    const bytes = Buffer.from(text);
    for (let length = 0; length < bytes.length; length++) expect(accepts(bytes.subarray(0, length))).toBe(false);
    expect(accepts(bytes)).toBe(true);
  });

  it.each([
    ["an empty body", ""],
    ["white space", " \n"],
    ["a list", "[1,2]"],
    ["a number", "1"],
    ["two objects", "{}{}"],
    ["a trailing comma", '{"a":1,}'],
    ["a comma in front", '{,"a":1}'],
    ["a key without quotes", "{a:1}"],
    ["NaN, which Python's parser takes", '{"a":NaN}'],
    ["a leading zero", '{"a":01}'],
    ["a bare minus", '{"a":-}'],
    ["a point without digits", '{"a":1.}'],
    ["an exponent without digits", '{"a":1e}'],
    ["a plus sign", '{"a":+1}'],
    ["an unknown escape", '{"a":"\\x"}'],
    ["a short unicode escape", '{"a":"\\u12g4"}'],
    ["a bare word", '{"a":truex}'],
    ["a form feed between tokens", '{"a":\f1}'],
    ["a comment", '{"a":1/**/}'],
    ["a line feed in a string", '{"a":"x\ny"}'],
    ["a control byte in a long string", `{"a":"${"x".repeat(200)}\u0001${"y".repeat(200)}"}`],
    ["a control byte in a key", '{"a\u0002":1}'],
    ["token ids with an empty item", '{"prompt":[1,2,,3]}'],
    ["token ids with a comma at the end", '{"prompt":[1,2,]}'],
    ["token ids that end", '{"prompt":[1,2'],
  ])("refuses %s", (_name, text) => {
    for (const body of aligned(text)) expect(accepts(body)).toBe(false);
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(accepts(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]))).toBe(false);
  });

  it("takes a byte order mark and white space around the object", () => {
    expect(readBack(Buffer.from('\ufeff \r\n\t{ "a" : [ 1 , 2 ] , "b" : { } }\n'))).toEqual({ a: [1, 2], b: {} });
  });

  it("refuses nesting beyond the limit and takes it up to there", () => {
    const nested = (depth: number) => Buffer.from(`{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`);
    expect(accepts(nested(MAX_DEPTH))).toBe(true);
    expect(accepts(nested(MAX_DEPTH + 1))).toBe(false);
    expect(accepts(Buffer.from('{"a":'.repeat(1_000_000)))).toBe(false);
  });

  it("says where the text is wrong", () => {
    expect(() => scanBody(Buffer.from('{"a":1;}'))).toThrow(
      "The body is not a valid JSON object: unexpected byte at offset 6.",
    );
    expect(() => scanBody(Buffer.from('{"a":'))).toThrow("it ends too early");
  });

  it("finds the last of equal keys, and keys written with escapes", () => {
    const { members, scanner } = scanBody(Buffer.from('{"model":1,"mod\\u0065l":2,"é":3,"\\u00e9":4,"model ":5}'));
    const value = (name: string) => scanner.bytes.toString("utf8", ...span(members.range(members.find(name))));
    const span = ({ start, end }: { start: number; end: number }) => [start, end] as const;
    expect(value("model")).toBe("2");
    expect(value("é")).toBe("4");
    expect(members.findAll("model")).toEqual([0, 1]);
    expect(members.find("mode")).toBe(-1);
    // Equal under the hash (31·65 + 97 = 31·66 + 66), not equal as names.
    expect(scanBody(Buffer.from('{"Aa":1}')).members.find("BB")).toBe(-1);
  });

  it("stays linear on long text with many far escapes", () => {
    const text = JSON.stringify({ prompt: `${"x".repeat(100)}\n`.repeat(40_000) });
    const body = Buffer.from(text);
    const start = performance.now();
    scanBody(body);
    // 4 MB take some 4 ms; searching for the closing quote anew after each escape would take seconds.
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
