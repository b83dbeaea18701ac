import { type Code, I32, type Local } from "../wasm/code";
import type { FunctionRef, FunctionScope, ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, set, swap32, tee, whileLoop } from "../wasm/ops";
import { primes, rootFraction } from "./sha256-constants";

const rotr = (value: Local, by: number): Code => i32.rotr(get(value), i32.const(by));
const xor3 = (a: Code, b: Code, c: Code): Code => i32.xor(i32.xor(a, b), c);

/** The functions of the message schedule: two rotations and a shift. */
const schedule = (w: Local, a: number, b: number, shift: number): Code =>
  xor3(rotr(w, a), rotr(w, b), i32.shrU(get(w), i32.const(shift)));

/** The functions of a round: three rotations. */
const summed = (x: Local, a: number, b: number, c: number): Code => xor3(rotr(x, a), rotr(x, b), rotr(x, c));

interface Locals {
  /** The last 16 words of the message schedule. */
  readonly words: readonly Local[];
  /** Chaining value. */
  readonly chain: readonly Local[];
  /** a … h of FIPS 180-4. */
  readonly working: readonly Local[];
  readonly t: Local;
  /** a xor b of this round, which is b xor c of the next. */
  readonly ab: Local;
  readonly bc: Local;
}

function makeLocals(scope: FunctionScope): Locals {
  const several = (count: number): Local[] => Array.from({ length: count }, () => scope.local(I32));
  const [t, ab, bc] = several(3) as [Local, Local, Local];
  return { words: several(16), chain: several(8), working: several(8), t, ab, bc };
}

function extendSchedule(words: readonly Local[], round: number): Code {
  const back = (n: number): Local => words[(round - n) % 16]!;
  const grown = i32.add(schedule(back(2), 17, 19, 10), get(back(7)));
  return set(back(16), i32.add(get(back(16)), i32.add(grown, schedule(back(15), 7, 18, 3))));
}

/** One round. `v` holds the locals that play a … h in it: renaming them replaces the moves of the standard's text. */
function round(v: readonly Local[], constant: number, word: Local, { t, ab, bc }: Locals): Code {
  const [a, b, , d, e, f, g, h] = v as [Local, Local, Local, Local, Local, Local, Local, Local];
  const choose = i32.xor(get(g), i32.and(get(e), i32.xor(get(f), get(g))));
  // Majority of a, b, c = b xor ((a xor b) and (b xor c)).
  const majority = i32.xor(get(b), i32.and(tee(ab, i32.xor(get(a), get(b))), get(bc)));
  const input = i32.add(i32.add(get(h), i32.const(constant)), get(word));
  return [
    set(t, i32.add(input, i32.add(choose, summed(e, 6, 11, 25)))),
    set(d, i32.add(get(d), get(t))),
    set(h, i32.add(get(t), i32.add(majority, summed(a, 2, 13, 22)))),
    set(bc, get(ab)),
  ];
}

function allRounds(locals: Locals): Code {
  const { working, words } = locals;
  return primes(64).map((prime, i) => [
    i < 16 ? [] : extendSchedule(words, i),
    round(
      working.map((_, k) => working[(k + 64 - i) % 8]!),
      rootFraction(prime, 3),
      words[i % 16]!,
      locals,
    ),
  ]);
}

function compress(at: Local, locals: Locals): Code {
  const { words, chain, working, bc } = locals;
  return [
    words.map((word, i) => [set(word, i32.load(get(at), 4 * i)), set(word, swap32(word))]),
    working.map((local, i) => set(local, get(chain[i]!))),
    set(bc, i32.xor(get(working[1]!), get(working[2]!))),
    allRounds(locals),
    chain.map((local, i) => set(local, i32.add(get(local), get(working[i]!)))),
  ];
}

/**
 * Defines `sha256(message, length, out)` (FIPS 180-4). The padding is written behind the message, into at most 73 bytes
 * of memory that must be free. Lengths up to 2^28 bytes.
 */
export function defineSha256(module: ModuleBuilder): FunctionRef {
  return module.define({ name: "sha256", params: [I32, I32, I32] }, (scope) => {
    const [message, length, out] = scope.params as [Local, Local, Local];
    const locals = makeLocals(scope);
    const { chain, t } = locals;
    const end = scope.local(I32);
    const behind = i32.add(get(message), get(length));
    return [
      i32.store8(behind, i32.const(0x80)),
      Array.from({ length: 9 }, (_, i) => i64.store(behind, i64.const(0n), 1 + 8 * i)),
      set(end, i32.add(get(message), i32.and(i32.add(get(length), i32.const(72)), i32.const(~63)))),
      set(t, i32.shl(get(length), i32.const(3))),
      i32.store(i32.sub(get(end), i32.const(4)), swap32(t)),
      primes(8).map((prime, i) => set(chain[i]!, i32.const(rootFraction(prime, 2)))),
      whileLoop(i32.ltU(get(message), get(end)), [compress(message, locals), bump(message, i32.const(64))]),
      chain.map((local, i) => i32.store(get(out), swap32(local), 4 * i)),
    ];
  });
}
