import { I32, I64, type Local } from "../wasm/code";
import type { FunctionRef, ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, ifElse, repeat, set } from "../wasm/ops";
import { makeCopier } from "./copy";
import { PARENT, SLOT } from "./layout";
import { readExtra } from "./vllm";

/** Dynamo's fixed seed of the chain, and the base of the seed of local hashes. */
export const DYNAMO_SEED = 1337n;

/**
 * Defines `dynamo_local(tokens, count, blockSize, window, extras, scratch, out, seed)`: XXH3-64 of `window` tokens every
 * `blockSize` tokens, each followed by its encoded multimodal hashes.
 */
function defineLocal(module: ModuleBuilder, xxh3: FunctionRef): void {
  const params = [I32, I32, I32, I32, I32, I32, I32, I64] as const;
  module.define({ name: "dynamo_local", params }, (scope) => {
    const [tokens, count, blockSize, window, extras, start, out, seed] = scope.params as unknown as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const narrow = (): Local => scope.local(I32);
    const [n, extra, extraLength, bytes] = [narrow(), narrow(), narrow(), narrow()];
    const copy = makeCopier(scope);
    const store = (message: ReturnType<typeof get>, length: ReturnType<typeof get>) =>
      i64.store(get(out), xxh3.call(message, length, get(seed)));
    return [
      set(bytes, i32.shl(get(window), i32.const(2))),
      repeat(n, get(count), [
        readExtra(extras, extra, extraLength),
        ifElse(
          get(extraLength),
          [
            copy(get(start), get(tokens), get(bytes)),
            copy(i32.add(get(start), get(bytes)), get(extra), get(extraLength)),
            store(get(start), i32.add(get(bytes), get(extraLength))),
          ],
          store(get(tokens), get(bytes)),
        ),
        bump(tokens, i32.shl(get(blockSize), i32.const(2))),
        bump(out, i32.const(8)),
      ]),
    ];
  });
}

/** Defines `dynamo_sequence(locals, count, hasParent, out)`; the parent stands at `PARENT`. */
function defineSequence(module: ModuleBuilder, xxh3: FunctionRef): void {
  module.define({ name: "dynamo_sequence", params: [I32, I32, I32, I32] }, (scope) => {
    const [locals, count, hasParent, out] = scope.params as [Local, Local, Local, Local];
    const n = scope.local(I32);
    const sequence = scope.local(I64);
    return [
      set(sequence, i64.load(i32.const(PARENT))),
      repeat(n, get(count), [
        ifElse(
          get(hasParent),
          [
            i64.store(i32.const(SLOT), get(sequence)),
            i64.store(i32.const(SLOT), i64.load(get(locals)), 8),
            set(sequence, xxh3.call(i32.const(SLOT), i32.const(16), i64.const(DYNAMO_SEED))),
          ],
          [set(sequence, i64.load(get(locals))), set(hasParent, i32.const(1))],
        ),
        i64.store(get(out), get(sequence)),
        bump(locals, i32.const(8)),
        bump(out, i32.const(8)),
      ]),
    ];
  });
}

export function defineDynamoChains(module: ModuleBuilder, xxh3: FunctionRef): void {
  defineLocal(module, xxh3);
  defineSequence(module, xxh3);
}
