import { encode } from "@msgpack/msgpack";
import type { KvEvent } from "@warmpath/contracts";

/** A 64-bit number as the two words of `EngineHashes`. */
export function words(...values: readonly bigint[]): Uint32Array {
  return Uint32Array.from(
    values.flatMap((value) => [Number(value & 0xffff_ffffn), Number(BigInt.asUintN(64, value) >> 32n)]),
  );
}

/** The numbers in `EngineHashes`. */
export function numbers(hashes: Uint32Array): bigint[] {
  return Array.from(
    { length: hashes.length / 2 },
    (_, i) => (BigInt(hashes[2 * i + 1]!) << 32n) | BigInt(hashes[2 * i]!),
  );
}

/** A store event as it is decoded, with the given fields. */
export function stored(fields: Partial<Extract<KvEvent, { kind: "stored" }>>): Extract<KvEvent, { kind: "stored" }> {
  return {
    kind: "stored",
    blockHashes: new Uint32Array(0),
    parentHash: undefined,
    tokenIds: new Uint32Array(0),
    blockSizeTokens: 0,
    loraId: undefined,
    loraName: undefined,
    medium: undefined,
    extraKeys: undefined,
    groupIndex: undefined,
    specKind: undefined,
    slidingWindow: undefined,
    locality: undefined,
    ...fields,
  };
}

/** Encodes with the independent library; bigints become 64-bit integers. */
export function pack(value: unknown): Uint8Array {
  return encode(value, { useBigInt64: true });
}
