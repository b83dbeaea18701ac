import { type BlocksStored, type KvEvent, TIER_GPU, type Tier } from "@warmpath/contracts";
import type { Reannouncements } from "./options";
import { isRoot } from "./store-events";

/**
 * Whether blocks of this event that are there already are announced again, by a full report, and are no new copies.
 * Nothing on the wire says so. A second copy normally names its parent: only the last block of a prompt is computed again.
 * So a run that starts a prompt and whose blocks are known is a report, unless it is one block long and nothing in the
 * batch goes on from it: then the prompt is one block, computed again.
 */
export function announcesAgain(
  mode: Reannouncements,
  tier: Tier,
  event: BlocksStored,
  later: readonly KvEvent[],
): boolean {
  if (mode === "copies" || tier !== TIER_GPU || !isRoot(event)) return false;
  return mode === "reports" || event.blockHashes.length > 2 || later.some((other) => goesOn(event, other));
}

function goesOn(event: BlocksStored, other: KvEvent): boolean {
  if (other.kind !== "stored" || other.parentHash === undefined) return false;
  const { lo, hi } = other.parentHash;
  return lo === event.blockHashes[0] && hi === event.blockHashes[1];
}
