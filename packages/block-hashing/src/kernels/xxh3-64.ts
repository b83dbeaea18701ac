import { type Code, I32, I64, type Local } from "../wasm/code";
import type { FunctionRef, FunctionScope, ModuleBuilder } from "../wasm/module";
import { get, i32, i64, ifElse, repeat, ret, select, set } from "../wasm/ops";
import { PRIME_MX2, PRIME64_1 } from "./xxh-primes";
import {
  avalanche3,
  avalanche64,
  makeProduct,
  mix16,
  multiplyFold,
  type Product,
  secret32,
  secret64,
  swap64,
  times,
  xorShift,
} from "./xxh-shared";
import type { LongHash } from "./xxh3-long";

interface Locals {
  readonly input: Local;
  readonly length: Local;
  readonly seed: Local;
  readonly h: Local;
  readonly other: Local;
  readonly i: Local;
  readonly product: Product;
}

function makeLocals(scope: FunctionScope): Locals {
  const [input, length, seed] = scope.params as [Local, Local, Local];
  const wide = (): Local => scope.local(I64);
  return { input, length, seed, h: wide(), other: wide(), i: scope.local(I32), product: makeProduct(scope) };
}

const wideLength = ({ length }: Locals): Code => i64.extend(get(length));
/** Address of the byte `back` before the end of the input. */
const fromEnd = ({ input, length }: Locals, back: number): Code =>
  i32.sub(i32.add(get(input), get(length)), i32.const(back));

const empty = ({ h, seed }: Locals): Code => [
  set(h, i64.xor(get(seed), i64.const(secret64(56) ^ secret64(64)))),
  avalanche64(h),
];

/** 1 to 3 bytes: first, middle and last byte and the length in one word. */
export function packTiny(input: Local, length: Local): Code {
  const middle = i32.add(get(input), i32.shrU(get(length), i32.const(1)));
  const last = i32.load8(i32.sub(i32.add(get(input), get(length)), i32.const(1)));
  return i32.or(
    i32.or(i32.shl(i32.load8(get(input)), i32.const(16)), i32.shl(i32.load8(middle), i32.const(24))),
    i32.or(last, i32.shl(get(length), i32.const(8))),
  );
}

const tiny = ({ input, length, seed, h }: Locals): Code => [
  set(h, i64.xor(i64.extend(packTiny(input, length)), i64.add(i64.const(secret32(0) ^ secret32(4)), get(seed)))),
  avalanche64(h),
];

/** Xors the seed's low word, its bytes reversed, into the seed's high word. */
const foldSeed = ({ seed, other }: Locals): Code => [
  // Moved up first: reversing all eight bytes then leaves the swapped word at the bottom.
  set(other, i64.shl(get(seed), i64.const(32n))),
  set(other, swap64(other, other)),
  set(seed, i64.xor(get(seed), i64.shl(get(other), i64.const(32n)))),
];

function small(l: Locals): Code {
  const { input, seed, h } = l;
  const joined = i64.add(i64.load32(fromEnd(l, 4)), i64.shl(i64.load32(get(input)), i64.const(32n)));
  const flip = i64.sub(i64.const(secret64(8) ^ secret64(16)), get(seed));
  return [
    foldSeed(l),
    set(h, i64.xor(joined, flip)),
    set(h, i64.xor(get(h), i64.xor(i64.rotl(get(h), i64.const(49n)), i64.rotl(get(h), i64.const(24n))))),
    times(h, PRIME_MX2),
    set(h, i64.xor(get(h), i64.add(i64.shrU(get(h), i64.const(35n)), wideLength(l)))),
    times(h, PRIME_MX2),
    xorShift(h, 28),
  ];
}

function medium(l: Locals): Code {
  const { input, seed, h, other, product } = l;
  const flipLow = i64.add(i64.const(secret64(24) ^ secret64(32)), get(seed));
  const flipHigh = i64.sub(i64.const(secret64(40) ^ secret64(48)), get(seed));
  const folded = multiplyFold(
    product,
    i64.xor(i64.load(get(input)), flipLow),
    i64.xor(i64.load(fromEnd(l, 8)), flipHigh),
  );
  return [
    set(h, folded),
    set(h, i64.add(get(h), i64.add(get(product.b), wideLength(l)))),
    set(h, i64.add(get(h), swap64(product.a, other))),
    avalanche3(h),
  ];
}

const add16 = ({ h, seed, product }: Locals, at: Code, secret: number): Code =>
  set(h, i64.add(get(h), mix16(product, at, 0, i32.const(secret), get(seed))));

const startWithLength = (l: Locals): Code => set(l.h, i64.mul(wideLength(l), i64.const(PRIME64_1)));

/** 17 to 128 bytes: pairs of 16 bytes from both ends. */
function upTo128(l: Locals): Code {
  const pair = (n: number): Code => [
    add16(l, i32.add(get(l.input), i32.const(16 * n)), 32 * n),
    add16(l, fromEnd(l, 16 * (n + 1)), 32 * n + 16),
  ];
  const longer = (limit: number, then: Code): Code => ifElse(i32.gtU(get(l.length), i32.const(limit)), then);
  return [
    startWithLength(l),
    longer(32, [longer(64, [longer(96, pair(3)), pair(2)]), pair(1)]),
    pair(0),
    avalanche3(l.h),
  ];
}

/** 129 to 240 bytes. From the ninth part on, the secret is read from its start again, 3 bytes on. */
function upTo240(l: Locals): Code {
  const { input, length, seed, h, i, product } = l;
  const offset = i32.shl(get(i), i32.const(4));
  const late = i32.sub(offset, i32.const(125));
  const mixed = mix16(
    product,
    i32.add(get(input), offset),
    0,
    select(i32.ltU(get(i), i32.const(8)), offset, late),
    get(seed),
  );
  return [
    startWithLength(l),
    repeat(i, i32.shrU(get(length), i32.const(4)), [
      ifElse(i32.eq(get(i), i32.const(8)), avalanche3(h)),
      set(h, i64.add(get(h), mixed)),
    ]),
    // With exactly eight parts the loop ends before the mix between the two halves.
    ifElse(i32.ltU(get(length), i32.const(144)), avalanche3(h)),
    add16(l, fromEnd(l, 16), 136 - 17),
    avalanche3(h),
  ];
}

function above240(l: Locals, long: LongHash): Code {
  const { input, length, seed, i } = l;
  const start = i64.mul(wideLength(l), i64.const(PRIME64_1));
  return [
    set(i, long.secretFor.call(get(seed))),
    long.accumulate.call(get(input), get(length), get(i)),
    ret(long.merge.call(i32.add(get(i), i32.const(11)), start)),
  ];
}

/** Defines `xxh3_64(input, length, seed)` → i64. */
export function defineXxh3Hash64(module: ModuleBuilder, long: LongHash): FunctionRef {
  return module.define({ name: "xxh3_64", params: [I32, I32, I64], result: I64 }, (scope) => {
    const l = makeLocals(scope);
    const atMost = (limit: number, then: Code, otherwise: Code): Code =>
      ifElse(i32.gtU(get(l.length), i32.const(limit)), otherwise, then);
    const upTo16 = atMost(8, atMost(3, atMost(0, empty(l), tiny(l)), small(l)), medium(l));
    return [atMost(128, atMost(16, upTo16, upTo128(l)), atMost(240, upTo240(l), above240(l, long))), get(l.h)];
  });
}
