import { type BlocksStored, type KvEvent, TIER_GPU, type Tier } from "@warmpath/contracts";
import type { Reannouncements } from "./options";
import { isRoot } from "./store-events";

/**
 * Whether blocks of `events[i]` that are there already are announced again, by a full report, and are no new copies.
 * Nothing on the wire says so. A second copy normally names its parent: only the last block of a prompt is computed again.
 * So a run that starts a prompt and whose blocks are known is a report, unless it is one block long and the next store
 * does not go on from it: then the prompt is one block, computed again.
 */
export function announcesAgain(mode: Reannouncements, tier: Tier, events: readonly KvEvent[], i: number): boolean {
  const event = events[i] as BlocksStored;
  if (mode === "copies" || tier !== TIER_GPU || !isRoot(event)) return false;
  return mode === "reports" || event.blockHashes.length > 2 || goesOn(event, nextStore(events, i));
}

/** The next store; what a request evicts stands between its report and its own blocks. */
function nextStore(events: readonly KvEvent[], i: number): BlocksStored | undefined {
  let next = i + 1;
  while (events[next]?.kind === "removed") next++;
  const found = events[next];
  return found?.kind === "stored" ? found : undefined;
}

function goesOn(event: BlocksStored, next: BlocksStored | undefined): boolean {
  if (next?.parentHash === undefined) return false;
  const { lo, hi } = next.parentHash;
  return lo === event.blockHashes[0] && hi === event.blockHashes[1];
}
