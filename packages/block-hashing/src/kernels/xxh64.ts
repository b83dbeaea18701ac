import { type Code, I32, I64, type Local } from "../wasm/code";
import type { FunctionRef, ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, ifElse, set, whileLoop } from "../wasm/ops";
import { PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME64_5 } from "./xxh-primes";
import { avalanche64, times } from "./xxh-shared";

const prime = (value: bigint): Code => i64.const(value);
const rotl = (value: Code, by: bigint): Code => i64.rotl(value, i64.const(by));

/** XXH64's round: takes eight input bytes into an accumulator. */
const round = (acc: Code, input: Code): Code =>
  i64.mul(rotl(i64.add(acc, i64.mul(input, prime(PRIME64_2))), 31n), prime(PRIME64_1));

/** `h = rotl(h ^ input, by) * factor + addend`. */
const step = (h: Local, input: Code, by: bigint, factor: bigint, addend: bigint): Code =>
  set(h, i64.add(i64.mul(rotl(i64.xor(get(h), input), by), prime(factor)), prime(addend)));

/** Four lanes over 32 bytes at a time, for inputs of at least 32 bytes. */
function lanes(input: Local, stop: Local, h: Local, lane: readonly Local[]): Code {
  const starts = [PRIME64_1 + PRIME64_2, PRIME64_2, 0n, -PRIME64_1];
  const spread = [1n, 7n, 12n, 18n];
  return [
    lane.map((acc, i) => set(acc, prime(starts[i]!))),
    whileLoop(i32.geU(i32.sub(get(stop), get(input)), i32.const(32)), [
      lane.map((acc, i) => set(acc, round(get(acc), i64.load(get(input), 8 * i)))),
      bump(input, i32.const(32)),
    ]),
    set(h, i64.const(0n)),
    lane.map((acc, i) => set(h, i64.add(get(h), rotl(get(acc), spread[i]!)))),
    lane.map((acc) =>
      set(h, i64.add(i64.mul(i64.xor(get(h), round(i64.const(0n), get(acc))), prime(PRIME64_1)), prime(PRIME64_4))),
    ),
  ];
}

/** Defines `xxh64(input, length)` → i64 with seed 0. */
export function defineXxh64(module: ModuleBuilder): FunctionRef {
  return module.define({ name: "xxh64", params: [I32, I32], result: I64 }, (scope) => {
    const [input, length] = scope.params as [Local, Local];
    const stop = scope.local(I32);
    const h = scope.local(I64);
    const lane = [0, 1, 2, 3].map(() => scope.local(I64));
    const left = i32.sub(get(stop), get(input));
    const word = i64.mul(i64.load32(get(input)), prime(PRIME64_1));
    const byte = i64.mul(i64.load8(get(input)), prime(PRIME64_5));
    return [
      set(stop, i32.add(get(input), get(length))),
      ifElse(i32.geU(get(length), i32.const(32)), lanes(input, stop, h, lane), set(h, prime(PRIME64_5))),
      set(h, i64.add(get(h), i64.extend(get(length)))),
      whileLoop(i32.geU(left, i32.const(8)), [
        step(h, round(i64.const(0n), i64.load(get(input))), 27n, PRIME64_1, PRIME64_4),
        bump(input, i32.const(8)),
      ]),
      ifElse(i32.geU(left, i32.const(4)), [step(h, word, 23n, PRIME64_2, PRIME64_3), bump(input, i32.const(4))]),
      whileLoop(i32.gtU(left, i32.const(0)), [
        set(h, rotl(i64.xor(get(h), byte), 11n)),
        times(h, PRIME64_1),
        bump(input, i32.const(1)),
      ]),
      avalanche64(h),
      get(h),
    ];
  });
}
