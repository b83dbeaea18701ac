import { describe, expect, it } from "vitest";
import { ByteWriter } from "../byte-writer";
import { fixture, pythonValue, sha256Hex, toHex } from "../fixtures/fixture";
import { type PickleOptions, Pickler, type PickleValue } from "./pickle";

interface Vector {
  readonly value: unknown;
  readonly strings: PickleOptions["equalStrings"];
  readonly length: number;
  readonly hex?: string;
  readonly sha256?: string;
}

function dump(value: PickleValue, equalStrings: PickleOptions["equalStrings"] = "several-objects"): Uint8Array {
  const writer = new ByteWriter();
  new Pickler(writer, { equalStrings }, true, 0).dump(value);
  return writer.view().slice();
}

const vectors = fixture<Vector[]>("pickle");
const cases = vectors.map((vector, i) => [i, JSON.stringify(vector.value).slice(0, 60), vector] as const);

describe("Pickler", () => {
  it.each(cases)("%i %s: writes CPython's bytes", (_, __, { value, strings, length, hex, sha256 }) => {
    const bytes = dump(pythonValue(value), strings);
    expect(bytes.length).toBe(length);
    expect(hex === undefined ? sha256Hex(bytes) : toHex(bytes)).toBe(hex ?? sha256);
  });

  it("pickles a Uint32Array as the tuple of its integers", () => {
    const values = [0, 255, 256, 65_536, 2 ** 32 - 1];
    expect(dump(Uint32Array.from(values))).toEqual(dump(values));
  });

  it("writes the fragment that stands behind two memoized objects", () => {
    const whole = dump([new Uint8Array(32), [1, 2, 3, 4], [["mm", "img", -2]]]);
    const fragment = new ByteWriter();
    new Pickler(fragment, { equalStrings: "several-objects" }, false, 2).save([["mm", "img", -2]], false);
    // TUPLE3, MEMOIZE and STOP follow.
    expect(whole.subarray(whole.length - 3 - fragment.length, whole.length - 3)).toEqual(fragment.view());
  });
});
