/** Where a KV block lives: 0 = GPU memory, 1 = CPU memory, 2 = storage. Lower loads faster. */
export type Tier = 0 | 1 | 2;

export const TIER_GPU: Tier = 0;
export const TIER_CPU: Tier = 1;
export const TIER_STORAGE: Tier = 2;

/** Number of tiers; arrays by tier have this length. */
export const TIER_COUNT = 3;

/** Names of the tiers, by number. */
export const TIER_NAMES = ["gpu", "cpu", "storage"] as const;
