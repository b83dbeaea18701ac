import { describe, expect, it } from "vitest";
import { I32, I64 } from "./code";
import { createModuleBuilder } from "./module";
import { bump, get, i32, i64, ifElse, repeat, select, set, swap32, whileLoop } from "./ops";
import { createLazyModule, type WasmMemory } from "./runtime";

interface Exports {
  readonly memory: WasmMemory;
  sum(count: number): number;
  clamp(value: number): number;
  swapped(value: number): number;
  wide(value: bigint): bigint;
}

function build(): Uint8Array<ArrayBuffer> {
  const module = createModuleBuilder(2);
  const square = module.define({ params: [I32], result: I32 }, ({ params }) => [
    i32.mul(get(params[0]!), get(params[0]!)),
  ]);
  module.define({ name: "sum", params: [I32], result: I32 }, ({ params, local }) => {
    const [i, total] = [local(I32), local(I32)];
    return [repeat(i, get(params[0]!), bump(total, square.call(get(i)))), get(total)];
  });
  module.define({ name: "clamp", params: [I32], result: I32 }, ({ params }) => {
    const value = params[0]!;
    return [
      whileLoop(i32.gtU(get(value), i32.const(100)), set(value, i32.shrU(get(value), i32.const(1)))),
      ifElse(i32.eqz(get(value)), set(value, i32.const(-1))),
      select(i32.eq(get(value), i32.const(7)), i32.const(70), get(value)),
    ];
  });
  module.define({ name: "swapped", params: [I32], result: I32 }, ({ params }) => [swap32(params[0]!)]);
  module.define({ name: "wide", params: [I64], result: I64 }, ({ params }) => [
    i64.store(i32.const(65536), get(params[0]!)),
    i64.rotl(i64.load(i32.const(0), 65536), i64.const(8n)),
  ]);
  return module.bytes();
}

describe("createModuleBuilder", () => {
  const module = createLazyModule<Exports>(build);

  it("makes functions that call, loop, branch and address memory", () => {
    const run = module.instantiate();
    expect(run.sum(5)).toBe(30);
    expect(run.clamp(1000)).toBe(62);
    expect(run.clamp(0)).toBe(-1);
    expect(run.clamp(7)).toBe(70);
    expect(run.swapped(0x01020304) >>> 0).toBe(0x04030201);
    expect(BigInt.asUintN(64, run.wide(0x0123456789abcdefn))).toBe(0x23456789abcdef01n);
  });

  it("gives every instance its own memory", () => {
    const [one, other] = [module.instantiate(), module.instantiate()];
    new Uint8Array(one.memory.buffer)[0] = 9;
    expect(new Uint8Array(other.memory.buffer)[0]).toBe(0);
    expect(one.memory.buffer.byteLength).toBe(131_072);
  });
});
