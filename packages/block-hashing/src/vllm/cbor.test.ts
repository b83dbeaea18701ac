import { describe, expect, it } from "vitest";
import { ByteWriter } from "../byte-writer";
import { fixture, pythonValue, sha256Hex, toHex } from "../fixtures/fixture";
import { writeCbor } from "./cbor";
import type { VllmExtraKey } from "./extra-key";

interface Vector {
  readonly value: unknown;
  readonly length: number;
  readonly hex?: string;
  readonly sha256?: string;
}

const cases = fixture<Vector[]>("cbor").map((v) => [JSON.stringify(v.value).slice(0, 60), v] as const);

describe("writeCbor", () => {
  it.each(cases)("%s: writes cbor2's canonical bytes", (_, { value, length, hex, sha256 }) => {
    const writer = new ByteWriter();
    writeCbor(pythonValue(value) as VllmExtraKey, writer);
    expect(writer.length).toBe(length);
    expect(hex === undefined ? sha256Hex(writer.view()) : toHex(writer.view())).toBe(hex ?? sha256);
  });
});
