import type { EventParts } from "./apply-events";
import { Bookings } from "./bookings";
import { splitBudget, tableBitsFor } from "./budget";
import { Counters } from "./counters";
import { EngineBlocks } from "./engine-blocks";
import { EngineSpace } from "./engine-space";
import { createHashSecret } from "./hash-secret";
import { HolderSets } from "./holder-sets";
import { Holders } from "./holders";
import { KeyStore } from "./key-store";
import type { ResolvedOptions } from "./options";
import { Orphans } from "./orphans";
import { Residency } from "./residency";
import { Sources } from "./sources";
import { StoreEvents } from "./store-events";

/** Makes the parts of an index within its byte budget. `onLoss` hears of slots whose blocks were given up. */
export function buildParts(
  options: ResolvedOptions,
  onLoss: (slot: number) => void,
): { parts: EventParts; sets: HolderSets; fixedBytes: number } {
  const budget = splitBudget(options.maxBytes, options.maxEndpoints);
  const secret = createHashSecret(options.hashSecret);
  const bits = tableBitsFor(options.expectedBlocks);
  const counters = new Counters(options.metrics);
  const holders = new Holders();
  const sources = new Sources();
  const sets = new HolderSets(holders, secret, budget.setBytes);
  const store = new KeyStore(sets, holders, secret, budget.keys.entries, bits, budget.keys.tableBits);
  const { entries, tableBits } = budget.engineBlocks;
  const blocks = new EngineBlocks(secret, entries, bits, tableBits, budget.sideWords);
  const residency = new Residency(store, holders, blocks);
  const space = new EngineSpace(blocks, sources, residency, counters, onLoss);
  const maxTails = Math.floor(options.maxBytes / 2 ** 14);
  const { hasher, blockSizeTokens, clock, orphanTtlMs: ttlMs, maxOrphans } = options;
  const storing = new StoreEvents(hasher, blockSizeTokens, store, blocks, space, residency, counters, maxTails);
  const orphans = new Orphans({ ttlMs, maxOrphans, maxBytes: budget.orphanBytes });
  const bookings = new Bookings(holders, clock);
  const parts = { options, counters, holders, store, sources, blocks, residency, space, storing, orphans, bookings };
  return { parts, sets, fixedBytes: budget.fixedBytes };
}
