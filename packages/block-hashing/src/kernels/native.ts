import { type Code, I32, I64, type Local, V128 } from "../wasm/code";
import type { ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, repeat, set, v128 } from "../wasm/ops";
import { PARENT, SLOT } from "./layout";
import { times, xorShift } from "./xxh-shared";

const MULTIPLIER_1 = 0xbf58476d1ce4e5b9n;
const MULTIPLIER_2 = 0x94d049bb133111ebn;

/** A bijection of 64 bits in which every input bit flips every output bit with probability near one half. */
const permute = (h: Local): Code => [
  xorShift(h, 30),
  times(h, MULTIPLIER_1),
  xorShift(h, 27),
  times(h, MULTIPLIER_2),
  xorShift(h, 31),
];

/** Adds the products of eight keyed tokens: lane j of the first four with lane j of the last four. */
function addProducts(sum: Local, x: Local, y: Local, tokens: Local, keys: Local, keyOffset: number): Code {
  const keyed = (offset: number): Code =>
    v128.addI32(v128.load(get(tokens), offset), v128.load(get(keys), keyOffset + offset));
  return [
    set(x, keyed(0)),
    set(y, keyed(16)),
    set(sum, v128.addI64(get(sum), v128.multiplyLowU32(get(x), get(y)))),
    set(sum, v128.addI64(get(sum), v128.multiplyHighU32(get(x), get(y)))),
  ];
}

const lanesOf = (sum: Local): Code => i64.add(v128.lane64(get(sum), 0), v128.lane64(get(sum), 1));

/**
 * Defines `native(tokens, count, groups, keys, extras, out)`. Blocks are padded to `groups` times eight tokens; `keys` holds,
 * for each group, 32 bytes for the first sum and 32 for the second. `extras` is 0 or the address of 16 bytes a block, added
 * to the two sums. The parent stands at `PARENT`, two constants at `SLOT`.
 */
export function defineNativeChain(module: ModuleBuilder): void {
  module.define({ name: "native", params: [I32, I32, I32, I32, I32, I32] }, (scope) => {
    const [tokens, count, groups, keys, extras, out] = scope.params as [Local, Local, Local, Local, Local, Local];
    const vector = (): Local => scope.local(V128);
    const [sumA, sumB, x, y] = [vector(), vector(), vector(), vector()];
    const [n, g, key] = [scope.local(I32), scope.local(I32), scope.local(I32)];
    const [h, a, b, c0, c1] = [0, 1, 2, 3, 4].map(() => scope.local(I64)) as [Local, Local, Local, Local, Local];
    const addExtras: Code = [
      get(extras),
      [0x04, 0x40],
      set(a, i64.add(get(a), i64.load(get(extras)))),
      set(b, i64.add(get(b), i64.load(get(extras), 8))),
      bump(extras, i32.const(16)),
      0x0b,
    ];
    return [
      set(h, i64.load(i32.const(PARENT))),
      set(c0, i64.load(i32.const(SLOT))),
      set(c1, i64.load(i32.const(SLOT), 8)),
      repeat(n, get(count), [
        set(sumA, v128.zero()),
        set(sumB, v128.zero()),
        set(key, get(keys)),
        repeat(g, get(groups), [
          addProducts(sumA, x, y, tokens, key, 0),
          addProducts(sumB, x, y, tokens, key, 32),
          bump(tokens, i32.const(32)),
          bump(key, i32.const(64)),
        ]),
        set(a, lanesOf(sumA)),
        set(b, lanesOf(sumB)),
        addExtras,
        set(a, i64.add(get(a), get(c0))),
        permute(a),
        // Only this part waits for the block before: the processor works on the sums of several blocks at once.
        set(h, i64.xor(get(h), i64.xor(get(a), i64.add(get(b), get(c1))))),
        permute(h),
        i64.store(get(out), get(h)),
        bump(out, i32.const(8)),
      ]),
    ];
  });
}
