import { type Code, I32, I64, type Local } from "../wasm/code";
import type { FunctionRef, ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, ifElse, repeat, set } from "../wasm/ops";
import { makeCopier } from "./copy";
import { CBOR_ARRAY_OF_3, CBOR_MAJOR, CBOR_NULL, CBOR_UNSIGNED_64, putByte, putHead } from "./encode-cbor";
import { PARENT } from "./layout";
import { readExtra } from "./vllm";
import { swap64 } from "./xxh-shared";

const CHAIN_PARAMS = [I32, I32, I32, I32, I32, I32] as const;
type SixLocals = [Local, Local, Local, Local, Local, Local];

/**
 * Defines `llmd_cbor_fnv(tokens, count, blockSize, extras, scratch, out)`: FNV-1a-64 over canonical CBOR of
 * `[parent, [tokens], extras | null]`, keys as u64. The first parent stands at `PARENT`.
 */
function defineCborFnv(module: ModuleBuilder, fnv1a64: FunctionRef): void {
  module.define({ name: "llmd_cbor_fnv", params: CHAIN_PARAMS }, (scope) => {
    const [tokens, count, blockSize, extras, start, out] = scope.params as unknown as SixLocals;
    const narrow = (): Local => scope.local(I32);
    const [n, i, at, value, scratch, extra, extraLength] = Array.from({ length: 7 }, narrow) as [...SixLocals, Local];
    const [parent, swapped] = [scope.local(I64), scope.local(I64)];
    const copy = makeCopier(scope);
    const putParent: Code = ifElse(
      i64.eqz(i64.shrU(get(parent), i64.const(32n))),
      [set(value, i32.wrap(get(parent))), putHead(at, value, CBOR_MAJOR.unsigned, scratch)],
      [putByte(at, CBOR_UNSIGNED_64), i64.store(get(at), swap64(parent, swapped)), bump(at, i32.const(8))],
    );
    const putExtra: Code = ifElse(
      get(extraLength),
      [copy(get(at), get(extra), get(extraLength)), bump(at, get(extraLength))],
      putByte(at, CBOR_NULL),
    );
    return [
      set(parent, i64.load(i32.const(PARENT))),
      repeat(n, get(count), [
        readExtra(extras, extra, extraLength),
        set(at, get(start)),
        putByte(at, CBOR_ARRAY_OF_3),
        putParent,
        putHead(at, blockSize, CBOR_MAJOR.array, scratch),
        repeat(i, get(blockSize), [
          set(value, i32.load(get(tokens))),
          bump(tokens, i32.const(4)),
          putHead(at, value, CBOR_MAJOR.unsigned, scratch),
        ]),
        putExtra,
        set(parent, fnv1a64.call(get(start), i32.sub(get(at), get(start)))),
        i64.store(get(out), get(parent)),
        bump(out, i32.const(8)),
      ]),
    ];
  });
}

/** Defines `llmd_xxh64` with the same parameters: XXH64 over parent, tokens and extras, all little-endian. */
function defineXxh(module: ModuleBuilder, xxh64: FunctionRef): void {
  module.define({ name: "llmd_xxh64", params: CHAIN_PARAMS }, (scope) => {
    const [tokens, count, blockSize, extras, start, out] = scope.params as unknown as SixLocals;
    const narrow = (): Local => scope.local(I32);
    const [n, extra, extraLength, bytes, tail] = Array.from({ length: 5 }, narrow) as [
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const parent = scope.local(I64);
    const copy = makeCopier(scope);
    return [
      set(parent, i64.load(i32.const(PARENT))),
      set(bytes, i32.shl(get(blockSize), i32.const(2))),
      repeat(n, get(count), [
        readExtra(extras, extra, extraLength),
        i64.store(get(start), get(parent)),
        copy(i32.add(get(start), i32.const(8)), get(tokens), get(bytes)),
        set(tail, i32.add(i32.add(get(start), i32.const(8)), get(bytes))),
        copy(get(tail), get(extra), get(extraLength)),
        set(parent, xxh64.call(get(start), i32.add(i32.const(8), i32.add(get(bytes), get(extraLength))))),
        i64.store(get(out), get(parent)),
        bump(out, i32.const(8)),
        bump(tokens, get(bytes)),
      ]),
    ];
  });
}

export function defineLlmdChains(module: ModuleBuilder, fnv1a64: FunctionRef, xxh64: FunctionRef): void {
  defineCborFnv(module, fnv1a64);
  defineXxh(module, xxh64);
}
