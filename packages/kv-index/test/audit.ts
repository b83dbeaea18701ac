import { expect } from "vitest";
import type { EventParts } from "../src/apply-events";
import { EMPTY_SET, type HolderSets } from "../src/holder-sets";
import { MAX_HOLDERS, NO_SLOT } from "../src/holders";

/** Recounts what the index counts, and checks what must always hold. */
export function audit(parts: EventParts, sets: HolderSets): void {
  const { store, holders } = parts;
  const uses = new Map<number, number>();
  const blocks = new Map<number, number>();
  const seen = new Set<string>();
  const members = new Uint16Array(MAX_HOLDERS);
  let live = 0;
  for (let at = 0; at < store.slab.highWater; at++) {
    const set = store.sets[at]!;
    if (set === EMPTY_SET) continue;
    live++;
    const [lo, hi] = [store.keys[2 * at]!, store.keys[2 * at + 1]!];
    expect(seen.has(`${lo},${hi}`), "a key has one position").toBe(false);
    seen.add(`${lo},${hi}`);
    expect(store.find(lo, hi), "the table leads to it").toBe(at);
    uses.set(set, (uses.get(set) ?? 0) + 1);
    const n = sets.members(set, members);
    expect(n, "no position has an empty set").toBeGreaterThan(0);
    for (let k = 0; k < n; k++) {
      if (k > 0) expect(members[k]!).toBeGreaterThan(members[k - 1]!);
      if (holders.slotOf[members[k]!] !== NO_SLOT) blocks.set(members[k]!, (blocks.get(members[k]!) ?? 0) + 1);
    }
  }
  expect(store.slab.live).toBe(live);
  expect(store.table.count).toBe(live);
  for (const set of sets.all()) {
    expect(sets.references(set), "references are the positions that have the set").toBe(uses.get(set));
  }
  let total = 0;
  for (let holder = 0; holder < MAX_HOLDERS; holder++) {
    if (holders.slotOf[holder] === NO_SLOT) continue;
    expect(holders.blocks[holder], "blocks of a holder").toBe(blocks.get(holder) ?? 0);
    total += holders.blocks[holder]!;
  }
  expect(holders.total).toBe(total);
}
