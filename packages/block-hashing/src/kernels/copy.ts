import { type Code, I32 } from "../wasm/code";
import type { FunctionScope } from "../wasm/module";
import { bump, get, i32, i64, set, whileLoop } from "../wasm/ops";

/** Makes code that copies `length` bytes, eight at a time: up to seven bytes behind either end are touched. */
export function makeCopier(scope: FunctionScope): (to: Code, from: Code, length: Code) => Code {
  const [target, source, end] = [scope.local(I32), scope.local(I32), scope.local(I32)];
  return (to, from, length) => [
    set(source, from),
    set(target, to),
    set(end, i32.add(get(source), length)),
    whileLoop(i32.ltU(get(source), get(end)), [
      i64.store(get(target), i64.load(get(source))),
      bump(source, i32.const(8)),
      bump(target, i32.const(8)),
    ]),
  ];
}
