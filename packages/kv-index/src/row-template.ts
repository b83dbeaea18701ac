import { type PrefixMatches, TIER_COUNT } from "@warmpath/contracts";
import { EMPTY_SET, type HolderSets } from "./holder-sets";
import { type Holders, NO_SLOT } from "./holders";
import { createPrefixMatches, growMatches, hasRoom } from "./matches";

/** No row for this slot. */
export const NO_ROW = 0xffffffff;

/**
 * The rows of one holder set, one per endpoint with its fastest tier, and what they are after a number of blocks. Kept so
 * that the many prompts that begin alike copy them. Valid while the set's number means the same set and no holder ended.
 */
export class RowTemplate {
  count = 0;
  /** By slot; `NO_ROW` where the endpoint is not in the set. */
  readonly rowOf: Uint32Array;
  readonly #rows: PrefixMatches;
  readonly #tiers: Uint8Array;
  #set = EMPTY_SET;
  #serial = 0;
  #generation = -1;
  #depth = -1;

  constructor(maxEndpoints: number) {
    this.rowOf = new Uint32Array(maxEndpoints);
    this.#rows = createPrefixMatches(maxEndpoints);
    this.#tiers = new Uint8Array(maxEndpoints);
  }

  /** Makes the rows of `set` unless they are these. `members` is scratch. */
  prepare(set: number, sets: HolderSets, holders: Holders, members: Uint16Array): void {
    const serial = sets.serial(set);
    const { generation } = holders;
    if (this.#set === set && this.#serial === serial && this.#generation === generation) return;
    this.#set = set;
    this.#serial = serial;
    this.#generation = generation;
    this.#depth = -1;
    this.rowOf.fill(NO_ROW);
    this.count = 0;
    const n = sets.members(set, members);
    for (let k = 0; k < n; k++) this.#add(holders.slotOf[members[k]!]!, holders.tierOf[members[k]!]!);
  }

  #add(slot: number, tier: number): void {
    if (slot === NO_SLOT) return;
    const row = this.rowOf[slot]!;
    if (row === NO_ROW) {
      this.rowOf[slot] = this.count;
      this.#rows.slots[this.count] = slot;
      this.#tiers[this.count++] = tier;
    } else if (tier < this.#tiers[row]!) this.#tiers[row] = tier;
  }

  /** Writes the rows as they are after `depth` blocks. */
  copy(depth: number, into: PrefixMatches): void {
    const n = this.count;
    if (this.#depth !== depth) this.#fill(depth);
    if (!hasRoom(into, n)) growMatches(into, n);
    into.count = n;
    copyWords(this.#rows.slots, into.slots, n);
    copyWords(this.#rows.blocks, into.blocks, n);
    copyWords(this.#rows.tierBlocks, into.tierBlocks, n * TIER_COUNT);
  }

  #fill(depth: number): void {
    const { blocks, tierBlocks } = this.#rows;
    blocks.fill(depth, 0, this.count);
    tierBlocks.fill(0, 0, this.count * TIER_COUNT);
    for (let row = 0; row < this.count; row++) tierBlocks[row * TIER_COUNT + this.#tiers[row]!] = depth;
    this.#depth = depth;
  }
}

/** Copies the first `n` words: natively where that pays. */
function copyWords(from: Uint32Array, to: Uint32Array, n: number): void {
  if (n > 48) to.set(from.subarray(0, n));
  else for (let i = 0; i < n; i++) to[i] = from[i]!;
}
