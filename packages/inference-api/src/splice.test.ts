import { WarmpathError } from "@warmpath/contracts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldEdits, parseRequest, spliceBody, withField, withFields, withoutField } from "./index";

function request(body: string) {
  return parseRequest({ api: "completions", body: Buffer.from(body), id: "r" });
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

describe("spliceBody", () => {
  it("makes edits in any order and leaves every other byte", () => {
    const body = Buffer.from([0xff, 1, 2, 3, 0xfe]);
    const edited = spliceBody(body, [
      { start: 4, end: 4, text: "é" },
      { start: 1, end: 3, text: "x" },
      { start: 0, end: 0, text: "<" },
    ]);
    expect([...edited]).toEqual([0x3c, 0xff, 0x78, 3, 0xc3, 0xa9, 0xfe]);
    expect([...body]).toEqual([0xff, 1, 2, 3, 0xfe]);
  });

  it.each([
    [
      [
        { start: 0, end: 2, text: "" },
        { start: 1, end: 3, text: "" },
      ],
    ],
    [[{ start: 2, end: 1, text: "" }]],
    [[{ start: 0, end: 9, text: "" }]],
    [[{ start: -1, end: 1, text: "" }]],
  ])("refuses %j", (edits) => {
    expect(() => spliceBody(Buffer.from("abc"), edits)).toThrow(WarmpathError);
  });
});

describe("withoutField", () => {
  it.each([
    ["first", '{ "k": 1, "model":"m" , "prompt":"p"}', '{ "model":"m" , "prompt":"p"}'],
    ["middle", '{"model":"m" , "k" : {"a":[1,"}"]} ,\n"prompt":"p"}', '{"model":"m" , "prompt":"p"}'],
    ["last", '{"model":"m", "prompt":9 , "k":1 }', '{"model":"m", "prompt":9 }'],
    ["twice", '{"k":1,"model":"m","k":2,"k":3,"prompt":"p","k":4}', '{"model":"m","prompt":"p"}'],
    ["escaped", '{"model":"m","\\u006b":1,"prompt":"p"}', '{"model":"m","prompt":"p"}'],
  ])("removes a field that is %s", (_where, before, after) => {
    const body = before.replace('"prompt":9', '"prompt":"p"');
    expect(text(withoutField(request(body), "k"))).toBe(after.replace('"prompt":9', '"prompt":"p"'));
  });

  it("gives the body itself back when there is nothing to remove", () => {
    const parsed = request('{"model":"m","prompt":"p","K":1}');
    expect(withoutField(parsed, "k")).toBe(parsed.body);
  });

  it("can remove every field", () => {
    expect(text(withFields(request(' { "model":"m", "prompt":"p" } '), { model: undefined, prompt: undefined }))).toBe(
      " {  } ",
    );
  });
});

describe("withField", () => {
  it("replaces where the field stands and keeps 64-bit integers, spaces and order", () => {
    const body = '\ufeff{ "seed" : 9007199254740993 ,"model":"m" , "x":1e999,"prompt":"p"}\n';
    expect(text(withField(request(body), "model", '"other"'))).toBe(body.replace('"m"', '"other"'));
  });

  it("appends what is new", () => {
    const parsed = request('{"model":"m","prompt":"p" }');
    expect(text(withField(parsed, 'a"b', "[1]"))).toBe('{"model":"m","prompt":"p","a\\"b":[1] }');
  });

  it("leaves one of several equal fields", () => {
    const parsed = request('{"k":1,"model":"m","k":2,"prompt":"p"}');
    expect(text(withField(parsed, "k", "3"))).toBe('{"model":"m","k":3,"prompt":"p"}');
  });

  it("works on a request that another parser made", () => {
    const foreign = { ...request('{"model":"m","prompt":"p"}') };
    expect(text(withField(foreign, "model", '"z"'))).toBe('{"model":"z","prompt":"p"}');
  });

  it("removes everything and adds in one go", () => {
    const parsed = request('{"model":"m","prompt":"p"}');
    expect(text(withFields(parsed, { model: undefined, prompt: undefined, a: "1", b: "2" }))).toBe('{"a":1,"b":2}');
  });
});

describe("fieldEdits", () => {
  it("gives the object that JavaScript's own edits give, and touches nothing else", () => {
    const name = fc.constantFrom("model", "prompt", "a", "b", "c", "ü", "d\n");
    const member = fc.tuple(name, fc.jsonValue({ maxDepth: 2 }), fc.constantFrom("", " ", "\n\t"));
    const change = fc.option(
      fc.jsonValue({ maxDepth: 2 }).filter((value) => value !== null),
      { nil: undefined },
    );
    fc.assert(
      fc.property(fc.array(member), fc.dictionary(name, change), (members, changes) => {
        const all = [...members, ["model", "m", ""] as const, ["prompt", "p", " "] as const];
        const body = `{${all.map(([k, v, s]) => `${s}${JSON.stringify(k)}${s}:${s}${JSON.stringify(v)}${s}`).join(",")}}`;
        const texts = Object.fromEntries(
          Object.entries(changes).map(([k, v]) => [k, v === undefined ? v : JSON.stringify(v)]),
        );
        const edited = text(spliceBody(Buffer.from(body), fieldEdits(request(body), texts)));
        const expected = JSON.parse(body) as Record<string, unknown>;
        for (const [k, v] of Object.entries(changes)) {
          if (v === undefined) delete expected[k];
          else expected[k] = JSON.parse(JSON.stringify(v));
        }
        expect(JSON.parse(edited)).toEqual(expected);
        for (const [k, v, s] of all) {
          if (!(k in changes)) expect(edited).toContain(`${JSON.stringify(k)}${s}:${s}${JSON.stringify(v)}`);
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});
