import { I32, I64, type Local } from "../wasm/code";
import type { FunctionRef, ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, set, whileLoop } from "../wasm/ops";

const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

/** Defines `fnv1a64(input, length)` → i64. */
export function defineFnv1a64(module: ModuleBuilder): FunctionRef {
  return module.define({ name: "fnv1a64", params: [I32, I32], result: I64 }, (scope) => {
    const [input, length] = scope.params as [Local, Local];
    const stop = scope.local(I32);
    const h = scope.local(I64);
    return [
      set(h, i64.const(OFFSET_BASIS)),
      set(stop, i32.add(get(input), get(length))),
      whileLoop(i32.ltU(get(input), get(stop)), [
        set(h, i64.mul(i64.xor(get(h), i64.load8(get(input))), i64.const(PRIME))),
        bump(input, i32.const(1)),
      ]),
      get(h),
    ];
  });
}
