/** Below this many words a loop is cheaper than the view that `set` needs. */
const LOOP_WORDS = 64;

/**
 * Copies `count` words of `source` from `from` on to `target` at `at`. Makes a view, which is garbage at once, for long copies
 * of a part; a whole array and short copies need none.
 */
export function copyWords(source: Uint32Array, from: number, count: number, target: Uint32Array, at: number): void {
  if (from === 0 && count === source.length) {
    target.set(source, at);
  } else if (count > LOOP_WORDS) {
    target.set(source.subarray(from, from + count), at);
  } else {
    for (let i = 0; i < count; i++) target[at + i] = source[from + i]!;
  }
}
