import { type Code, I64, type Local } from "../wasm/code";
import type { FunctionScope } from "../wasm/module";
import { get, i64, set } from "../wasm/ops";
import { SECRET } from "./layout";
import { PRIME_MX1, PRIME64_2, PRIME64_3, XXH3_SECRET } from "./xxh-primes";

const SECRET_VIEW = new DataView(Uint8Array.from(Buffer.from(XXH3_SECRET, "hex")).buffer);

/** u64 of the default secret, known when the module is built. */
export const secret64 = (offset: number): bigint => SECRET_VIEW.getBigUint64(offset, true);
export const secret32 = (offset: number): bigint => BigInt(SECRET_VIEW.getUint32(offset, true));

/** `value ^= value >>> shift`. */
export const xorShift = (value: Local, shift: number): Code =>
  set(value, i64.xor(get(value), i64.shrU(get(value), i64.const(BigInt(shift)))));

/** `value *= factor`. */
export const times = (value: Local, factor: bigint): Code => set(value, i64.mul(get(value), i64.const(factor)));

/** XXH64's final mix, in place. */
export const avalanche64 = (h: Local): Code => [
  xorShift(h, 33),
  times(h, PRIME64_2),
  xorShift(h, 29),
  times(h, PRIME64_3),
  xorShift(h, 32),
];

/** XXH3's final mix, in place. */
export const avalanche3 = (h: Local): Code => [xorShift(h, 37), times(h, PRIME_MX1), xorShift(h, 32)];

/** Locals for one 64 x 64 → 128 bit product. */
export interface Product {
  readonly a: Local;
  readonly b: Local;
  readonly low: Local;
  readonly high: Local;
  readonly cross: Local;
  readonly bottom: Local;
}

export function makeProduct(scope: FunctionScope): Product {
  const local = (): Local => scope.local(I64);
  return { a: local(), b: local(), low: local(), high: local(), cross: local(), bottom: local() };
}

const MASK = 0xffffffffn;
const low32 = (value: Local): Code => i64.and(get(value), i64.const(MASK));
const high32 = (value: Local): Code => i64.shrU(get(value), i64.const(32n));

/** `low` and `high` of `a` times `b`, from four 32-bit products: WebAssembly has no wide multiplication. */
export function multiply(p: Product, a: Code, b: Code): Code {
  return [
    set(p.a, a),
    set(p.b, b),
    set(p.bottom, i64.mul(low32(p.a), low32(p.b))),
    set(p.cross, i64.mul(high32(p.a), low32(p.b))),
    set(p.high, i64.add(i64.mul(high32(p.a), high32(p.b)), high32(p.cross))),
    set(p.cross, i64.add(low32(p.cross), i64.add(i64.mul(low32(p.a), high32(p.b)), high32(p.bottom)))),
    set(p.high, i64.add(get(p.high), high32(p.cross))),
    set(p.low, i64.mul(get(p.a), get(p.b))),
  ];
}

/** Both halves of a product, xored; leaves one i64. */
export const multiplyFold = (p: Product, a: Code, b: Code): Code => [
  multiply(p, a, b),
  i64.xor(get(p.low), get(p.high)),
];

/** XXH3's mix of 16 input bytes with 16 secret bytes and the seed; leaves one i64. */
export function mix16(p: Product, input: Code, inputOffset: number, secret: Code, seed: Code): Code {
  const keyed = (offset: number, key: Code): Code => i64.xor(i64.load(input, inputOffset + offset), key);
  return multiplyFold(
    p,
    keyed(0, i64.add(i64.load(secret, SECRET), seed)),
    keyed(8, i64.sub(i64.load(secret, SECRET + 8), seed)),
  );
}

/** u64 with its bytes reversed, by shifting halves. */
export function swap64(value: Local, scratch: Local): Code {
  const swapped = (mask: bigint, shift: bigint): Code =>
    set(
      scratch,
      i64.or(
        i64.and(i64.shrU(get(scratch), i64.const(shift)), i64.const(mask)),
        i64.shl(i64.and(get(scratch), i64.const(mask)), i64.const(shift)),
      ),
    );
  return [
    set(scratch, get(value)),
    swapped(0x00ff00ff00ff00ffn, 8n),
    swapped(0x0000ffff0000ffffn, 16n),
    i64.rotl(get(scratch), i64.const(32n)),
  ];
}
