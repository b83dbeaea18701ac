import { WarmpathError } from "@warmpath/contracts";
import { HashTable } from "./hash-table";
import { REGION_SIZE } from "./region-slab";

/** Room for one kind of entry: how many, and how large their table may become (a power of two). */
export interface Room {
  readonly entries: number;
  readonly tableBits: number;
}

/** How the byte budget is spent. */
export interface Budget {
  readonly keys: Room;
  readonly engineBlocks: Room;
  readonly setBytes: number;
  readonly sideWords: number;
  readonly orphanBytes: number;
  readonly fixedBytes: number;
}

/** Bytes of a key's position: two key words, a set number. */
export const KEY_BYTES = 12;
/** Bytes of an engine block. */
export const ENGINE_BLOCK_BYTES = 28;

/** Bytes that do not depend on what is held: holders, memo, scratch. */
const FIXED_BYTES = 3 * 2 ** 19;
const FIXED_BYTES_PER_ENDPOINT = 256;

/**
 * Splits the budget, less what is fixed: 14/32 for keys, 13/32 for engine blocks, 2/32 for holder sets, 2/32 for engine
 * blocks that stand for several keys or for parts of one, 1/32 for orphans. A kind's largest table counts one and a half
 * times, as half of it stands beside it when it is made.
 */
export function splitBudget(maxBytes: number, maxEndpoints: number): Budget {
  const share = Math.floor((maxBytes - FIXED_BYTES - FIXED_BYTES_PER_ENDPOINT * maxEndpoints) / 32);
  if (share < 2 ** 15) {
    const least = FIXED_BYTES + FIXED_BYTES_PER_ENDPOINT * maxEndpoints + 2 ** 20;
    const message = `createKvIndex: maxBytes must be at least ${least} for ${maxEndpoints} endpoints`;
    throw new WarmpathError("invalid_configuration", message);
  }
  return {
    keys: largestRoom(14 * share, KEY_BYTES),
    engineBlocks: largestRoom(13 * share, ENGINE_BLOCK_BYTES),
    setBytes: 2 * share,
    sideWords: Math.floor(share / 2),
    orphanBytes: share,
    fixedBytes: FIXED_BYTES + FIXED_BYTES_PER_ENDPOINT * maxEndpoints,
  };
}

function largestRoom(bytes: number, entryBytes: number): Room {
  let best: Room = { entries: 0, tableBits: 10 };
  for (let tableBits = 10; 12 * 2 ** tableBits < bytes; tableBits++) {
    const fit = Math.floor((bytes - 12 * 2 ** tableBits) / entryBytes);
    const regions = Math.floor(Math.min(fit, HashTable.capacity(tableBits)) / REGION_SIZE);
    if (regions * REGION_SIZE > best.entries) best = { entries: regions * REGION_SIZE, tableBits };
  }
  return best;
}

/** Bits of a table that takes `entries` without growing. */
export function tableBitsFor(entries: number): number {
  return Math.max(10, Math.ceil(Math.log2(Math.max(1, entries) / 0.7)));
}
