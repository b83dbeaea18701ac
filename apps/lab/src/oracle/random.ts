import type { Random } from "@warmpath/contracts";

/** The 32-bit generator mulberry32 (Tommy Ettinger, public domain): small, and the one of the published tables. */
export function mulberry32(seed: number): Random {
  let state = seed | 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    },
  };
}

const N = 624;
const M = 397;

/**
 * The integers that CPython's `random.Random(seed).randrange(n)` gives, seed below 2^32: MT19937 (Matsumoto and Nishimura,
 * 1998) seeded by a one-element array, then as many top bits as n has, drawn again while too large.
 */
export function pythonRandrange(seed: number): (n: number) => number {
  const state = seedByArray(seed >>> 0);
  let index = N;
  function next32(): number {
    if (index === N) {
      twist(state);
      index = 0;
    }
    let y = state[index++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }
  return (n) => {
    const shift = Math.clz32(n);
    let value = next32() >>> shift;
    while (value >= n) value = next32() >>> shift;
    return value;
  };
}

function seedBy(value: number): Uint32Array {
  const state = new Uint32Array(N);
  state[0] = value;
  for (let i = 1; i < N; i++) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = Math.imul(previous, 1812433253) + i;
  }
  return state;
}

function seedByArray(key: number): Uint32Array {
  const state = seedBy(19650218);
  let i = 1;
  for (let k = 0; k < N; k++) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = (state[i]! ^ Math.imul(previous, 1664525)) + key;
    i = advance(state, i);
  }
  for (let k = 0; k < N - 1; k++) {
    const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
    state[i] = (state[i]! ^ Math.imul(previous, 1566083941)) - i;
    i = advance(state, i);
  }
  state[0] = 0x80000000;
  return state;
}

function advance(state: Uint32Array, i: number): number {
  if (i + 1 < N) return i + 1;
  state[0] = state[N - 1]!;
  return 1;
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % N]! & 0x7fffffff);
    state[i] = state[(i + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
