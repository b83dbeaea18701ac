import { type Code, I32, I64, type Local } from "../wasm/code";
import type { FunctionRef, FunctionScope, ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, ifElse, set, swap32, whileLoop } from "../wasm/ops";
import { SECRET } from "./layout";
import { PRIME_MX2, PRIME32_2, PRIME64_1, PRIME64_2, PRIME64_4 } from "./xxh-primes";
import {
  avalanche3,
  avalanche64,
  makeProduct,
  mix16,
  multiply,
  type Product,
  secret32,
  secret64,
  swap64,
  times,
  xorShift,
} from "./xxh-shared";
import { packTiny } from "./xxh3-64";
import type { LongHash } from "./xxh3-long";

/** vLLM calls XXH3-128 without a seed, so the seed is 0 throughout. */
const NO_SEED = i64.const(0n);

interface Locals {
  readonly input: Local;
  readonly length: Local;
  readonly out: Local;
  readonly low: Local;
  readonly high: Local;
  readonly scratch: Local;
  readonly at: Local;
  readonly word: Local;
  readonly product: Product;
}

function makeLocals(scope: FunctionScope): Locals {
  const [input, length, out] = scope.params as [Local, Local, Local];
  const wide = (): Local => scope.local(I64);
  const narrow = (): Local => scope.local(I32);
  const product = makeProduct(scope);
  return { input, length, out, low: wide(), high: wide(), scratch: wide(), at: narrow(), word: narrow(), product };
}

const wideLength = ({ length }: Locals): Code => i64.extend(get(length));
const fromEnd = ({ input, length }: Locals, back: number): Code =>
  i32.sub(i32.add(get(input), get(length)), i32.const(back));
const flip64 = (a: number, b: number): Code => i64.const(secret64(a) ^ secret64(b));

const empty = ({ low, high }: Locals): Code => [
  set(low, flip64(64, 72)),
  set(high, flip64(80, 88)),
  avalanche64(low),
  avalanche64(high),
];

const tiny = ({ input, length, low, high, word }: Locals): Code => [
  set(word, packTiny(input, length)),
  set(low, i64.xor(i64.extend(get(word)), i64.const(secret32(0) ^ secret32(4)))),
  set(high, i64.xor(i64.extend(i32.rotl(swap32(word), i32.const(13))), i64.const(secret32(8) ^ secret32(12)))),
  avalanche64(low),
  avalanche64(high),
];

function small(l: Locals): Code {
  const { input, length, low, high, product } = l;
  const joined = i64.add(i64.load32(get(input)), i64.shl(i64.load32(fromEnd(l, 4)), i64.const(32n)));
  const factor = i64.add(i64.const(PRIME64_1), i64.extend(i32.shl(get(length), i32.const(2))));
  return [
    multiply(product, i64.xor(joined, flip64(16, 24)), factor),
    set(high, i64.add(get(product.high), i64.shl(get(product.low), i64.const(1n)))),
    set(low, i64.xor(get(product.low), i64.shrU(get(high), i64.const(3n)))),
    xorShift(low, 35),
    times(low, PRIME_MX2),
    xorShift(low, 28),
    avalanche3(high),
  ];
}

function medium(l: Locals): Code {
  const { input, length, low, high, scratch, product } = l;
  const bothEnds = i64.xor(get(low), i64.xor(get(high), flip64(32, 40)));
  const lengthBits = i64.shl(i64.extend(i32.sub(get(length), i32.const(1))), i64.const(54n));
  const highLow = i64.and(get(high), i64.const(0xffffffffn));
  return [
    set(low, i64.load(get(input))),
    set(high, i64.load(fromEnd(l, 8))),
    multiply(product, bothEnds, i64.const(PRIME64_1)),
    set(high, i64.xor(get(high), flip64(48, 56))),
    set(low, i64.add(get(product.low), lengthBits)),
    set(high, i64.add(get(high), i64.mul(highLow, i64.const(PRIME32_2 - 1n)))),
    set(high, i64.add(get(high), get(product.high))),
    set(low, i64.xor(get(low), swap64(high, scratch))),
    multiply(product, get(low), i64.const(PRIME64_2)),
    set(high, i64.add(get(product.high), i64.mul(get(high), i64.const(PRIME64_2)))),
    set(low, get(product.low)),
    avalanche3(low),
    avalanche3(high),
  ];
}

/** Mixes 16 bytes at `front` and 16 at `back` into the two halves. */
function mix32({ low, high, product }: Locals, front: Code, back: Code, secret: Code): Code {
  const sum = (at: Code): Code => i64.add(i64.load(at), i64.load(at, 8));
  const next = i32.add(secret, i32.const(16));
  return [
    set(low, i64.xor(i64.add(get(low), mix16(product, front, 0, secret, NO_SEED)), sum(back))),
    set(high, i64.xor(i64.add(get(high), mix16(product, back, 0, next, NO_SEED)), sum(front))),
  ];
}

const startWithLength = (l: Locals): Code => [
  set(l.low, i64.mul(wideLength(l), i64.const(PRIME64_1))),
  set(l.high, i64.const(0n)),
];

function finish(l: Locals): Code {
  const { low, high, scratch } = l;
  const weighted = i64.add(i64.mul(get(low), i64.const(PRIME64_1)), i64.mul(get(high), i64.const(PRIME64_4)));
  return [
    set(scratch, i64.add(weighted, i64.mul(wideLength(l), i64.const(PRIME64_2)))),
    set(low, i64.add(get(low), get(high))),
    set(high, get(scratch)),
    avalanche3(low),
    avalanche3(high),
    set(high, i64.sub(i64.const(0n), get(high))),
  ];
}

function upTo128(l: Locals): Code {
  const pair = (n: number): Code =>
    mix32(l, i32.add(get(l.input), i32.const(16 * n)), fromEnd(l, 16 * (n + 1)), i32.const(SECRET + 32 * n));
  const longer = (limit: number, then: Code): Code => ifElse(i32.gtU(get(l.length), i32.const(limit)), then);
  return [startWithLength(l), longer(32, [longer(64, [longer(96, pair(3)), pair(2)]), pair(1)]), pair(0), finish(l)];
}

/** 129 to 240 bytes: 32 at a time; after 128 bytes both halves are mixed and the secret starts again, 3 bytes on. */
function upTo240(l: Locals): Code {
  const { input, length, low, high, at } = l;
  const part = (secretOffset: number): Code => {
    const front = i32.add(get(input), get(at));
    return [
      mix32(l, front, i32.add(front, i32.const(16)), i32.add(get(at), i32.const(SECRET + secretOffset))),
      bump(at, i32.const(32)),
    ];
  };
  return [
    startWithLength(l),
    set(at, i32.const(0)),
    whileLoop(i32.ltU(get(at), i32.const(128)), part(0)),
    avalanche3(low),
    avalanche3(high),
    whileLoop(i32.geU(get(length), i32.add(get(at), i32.const(32))), part(3 - 128)),
    mix32(l, fromEnd(l, 16), fromEnd(l, 32), i32.const(SECRET + 136 - 17 - 16)),
    finish(l),
  ];
}

function above240(l: Locals, long: LongHash): Code {
  const { input, length, low, high } = l;
  const inverted = i64.xor(i64.mul(wideLength(l), i64.const(PRIME64_2)), i64.const(-1n));
  return [
    long.accumulate.call(get(input), get(length), i32.const(SECRET)),
    set(low, long.merge.call(i32.const(SECRET + 11), i64.mul(wideLength(l), i64.const(PRIME64_1)))),
    set(high, long.merge.call(i32.const(SECRET + 192 - 64 - 11), inverted)),
  ];
}

/** Defines `xxh3_128(input, length, out)`: seed 0, digest in canonical form (16 bytes, big-endian). */
export function defineXxh3Hash128(module: ModuleBuilder, long: LongHash): FunctionRef {
  return module.define({ name: "xxh3_128", params: [I32, I32, I32] }, (scope) => {
    const l = makeLocals(scope);
    const atMost = (limit: number, then: Code, otherwise: Code): Code =>
      ifElse(i32.gtU(get(l.length), i32.const(limit)), otherwise, then);
    const upTo16 = atMost(8, atMost(3, atMost(0, empty(l), tiny(l)), small(l)), medium(l));
    return [
      atMost(128, atMost(16, upTo16, upTo128(l)), atMost(240, upTo240(l), above240(l, long))),
      i64.store(get(l.out), swap64(l.high, l.scratch), 0),
      i64.store(get(l.out), swap64(l.low, l.scratch), 8),
    ];
  });
}
