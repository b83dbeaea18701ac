import { type PrefixMatches, TIER_COUNT } from "@warmpath/contracts";

/** An empty answer with room for `rows` endpoints; it grows where a look-up needs more. */
export function createPrefixMatches(rows = 64): PrefixMatches {
  return {
    count: 0,
    slots: new Uint32Array(rows),
    blocks: new Uint32Array(rows),
    tierBlocks: new Uint32Array(TIER_COUNT * rows),
  };
}

/** Replaces the arrays by larger ones, empty. */
export function growMatches(matches: PrefixMatches, rows: number): void {
  Object.assign(matches, { ...createPrefixMatches(Math.max(rows, 2 * matches.slots.length)), count: matches.count });
}

/** Whether `rows` rows fit. */
export function hasRoom(matches: PrefixMatches, rows: number): boolean {
  const { slots, blocks, tierBlocks } = matches;
  return slots.length >= rows && blocks.length >= rows && tierBlocks.length >= TIER_COUNT * rows;
}
