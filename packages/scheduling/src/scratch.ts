import type { BlockKeys } from "@warmpath/contracts";
import { IndexPrefixMatch } from "./index-prefix-match";
import { ProfileRun } from "./profile-run";
import type { Profile } from "./types";

/** Memory of one decision: taken when it begins, given back when the request ends. */
export interface Scratch {
  readonly keys: BlockKeys;
  readonly prefix: IndexPrefixMatch;
  /** By profile, in the director's order. */
  readonly runs: readonly ProfileRun[];
}

export interface ScratchPool {
  take(): Scratch;
  give(scratch: Scratch): void;
}

/** Kept when free; more are left to the garbage collector. */
const MAX_FREE = 256;
/** Longest key array that is kept, in words: 1 MiB. */
const MAX_KEPT_WORDS = 1 << 18;

/** A pool, so that the steady state allocates no arrays. */
export function createScratchPool(profiles: readonly Profile[], blockSizeTokens: number): ScratchPool {
  const free: Scratch[] = [];
  return {
    take: () =>
      free.pop() ?? {
        keys: { words: new Uint32Array(256), count: 0, blockSizeTokens },
        prefix: new IndexPrefixMatch(),
        runs: profiles.map((profile) => new ProfileRun(profile)),
      },
    give(scratch) {
      if (free.length >= MAX_FREE || scratch.keys.words.length > MAX_KEPT_WORDS) return;
      scratch.keys.count = 0;
      scratch.prefix.clear();
      for (const run of scratch.runs) run.clear();
      free.push(scratch);
    },
  };
}
