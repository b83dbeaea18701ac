import { type Code, I32, I64, type Local } from "../wasm/code";
import type { FunctionRef, ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, ifElse, repeat, set } from "../wasm/ops";
import { ACCUMULATORS, SECRET, SEEDED_SECRET } from "./layout";
import { PRIME32_1, PRIME32_2, PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME64_5 } from "./xxh-primes";
import { avalanche3, makeProduct, multiplyFold, times, xorShift } from "./xxh-shared";

const START = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1];
/** Where the secret stands for the last stripe and for the scramble; both count from its start. */
const LAST_STRIPE_SECRET = 192 - 64 - 7;
const SCRAMBLE_SECRET = 192 - 64;

/** Parts of XXH3 for inputs of more than 240 bytes. */
export interface LongHash {
  /** `(input, length, secret)`: fills the accumulators. */
  readonly accumulate: FunctionRef;
  /** `(secret, start)` → i64: merges the accumulators. */
  readonly merge: FunctionRef;
  /** `(seed)` → address of the secret for that seed. */
  readonly secretFor: FunctionRef;
}

function stripe(acc: readonly Local[], value: Local, key: Local, input: Code, secret: Code, offset = 0): Code {
  return acc.map((own, i) => {
    const other = acc[i ^ 1]!;
    const product = i64.mul(i64.and(get(key), i64.const(0xffffffffn)), i64.shrU(get(key), i64.const(32n)));
    return [
      set(value, i64.load(input, 8 * i)),
      set(key, i64.xor(get(value), i64.load(secret, offset + 8 * i))),
      set(other, i64.add(get(other), get(value))),
      set(own, i64.add(get(own), product)),
    ];
  });
}

const scramble = (acc: readonly Local[], secret: Local): Code =>
  acc.map((own, i) => [
    xorShift(own, 47),
    set(own, i64.xor(get(own), i64.load(get(secret), SCRAMBLE_SECRET + 8 * i))),
    times(own, PRIME32_1),
  ]);

function defineAccumulate(module: ModuleBuilder): FunctionRef {
  return module.define({ params: [I32, I32, I32] }, (scope) => {
    const [input, length, secret] = scope.params as [Local, Local, Local];
    const acc = START.map(() => scope.local(I64));
    const [value, key] = [scope.local(I64), scope.local(I64)];
    const [n, end] = [scope.local(I32), scope.local(I32)];
    const inBlock = i32.and(get(n), i32.const(15));
    const stripeSecret = i32.add(get(secret), i32.shl(inBlock, i32.const(3)));
    return [
      acc.map((own, i) => set(own, i64.const(START[i]!))),
      set(end, i32.add(get(input), get(length))),
      repeat(n, i32.shrU(i32.sub(get(length), i32.const(1)), i32.const(6)), [
        stripe(acc, value, key, get(input), stripeSecret),
        bump(input, i32.const(64)),
        ifElse(i32.eq(inBlock, i32.const(15)), scramble(acc, secret)),
      ]),
      stripe(acc, value, key, i32.sub(get(end), i32.const(64)), get(secret), LAST_STRIPE_SECRET),
      acc.map((own, i) => i64.store(i32.const(ACCUMULATORS), get(own), 8 * i)),
    ];
  });
}

function defineMerge(module: ModuleBuilder): FunctionRef {
  return module.define({ params: [I32, I64], result: I64 }, (scope) => {
    const [secret, result] = scope.params as [Local, Local];
    const product = makeProduct(scope);
    const keyed = (i: number): Code => i64.xor(i64.load(i32.const(ACCUMULATORS), 8 * i), i64.load(get(secret), 8 * i));
    return [
      [0, 2, 4, 6].map((i) => set(result, i64.add(get(result), multiplyFold(product, keyed(i), keyed(i + 1))))),
      avalanche3(result),
      get(result),
    ];
  });
}

function defineSecretFor(module: ModuleBuilder): FunctionRef {
  return module.define({ params: [I64], result: I32 }, (scope) => {
    const seed = scope.params[0]!;
    const at = scope.local(I32);
    const part = (offset: number, combine: typeof i64.add): Code =>
      i64.store(get(at), combine(i64.load(get(at), SECRET + offset), get(seed)), SEEDED_SECRET + offset);
    const fill = repeat(at, i32.const(192), [part(0, i64.add), part(8, i64.sub), bump(at, i32.const(15))]);
    return [ifElse(i64.eqz(get(seed)), [i32.const(SECRET), 0x0f]), fill, i32.const(SEEDED_SECRET)];
  });
}

export function defineLongHash(module: ModuleBuilder): LongHash {
  return {
    accumulate: defineAccumulate(module),
    merge: defineMerge(module),
    secretFor: defineSecretFor(module),
  };
}
