import { TIER_CPU, TIER_GPU, TIER_STORAGE, type Tier } from "@warmpath/contracts";

/** What a medium's name says. */
export interface Medium {
  readonly tier: Tier;
  /** False where the name is not one we know; it then counts as storage. */
  readonly known: boolean;
  /** True for the names of hierarchical caches (`CPU_TIER1` …), which are cleared together with the GPU's. */
  readonly clearedWithGpu: boolean;
}

const GPU: Medium = { tier: TIER_GPU, known: true, clearedWithGpu: true };
const CPU: Medium = { tier: TIER_CPU, known: true, clearedWithGpu: false };
const CPU_TIER: Medium = { tier: TIER_CPU, known: true, clearedWithGpu: true };
const STORAGE: Medium = { tier: TIER_STORAGE, known: true, clearedWithGpu: false };
const UNKNOWN: Medium = { tier: TIER_STORAGE, known: false, clearedWithGpu: false };

const BY_NAME: ReadonlyMap<string, Medium> = new Map([
  ["GPU", GPU],
  ["HBM", GPU],
  ["CPU", CPU],
  ["DRAM", CPU],
  ["CPU_PINNED", CPU],
  ["STORAGE", STORAGE],
  ["FS", STORAGE],
  ["OBJ", STORAGE],
  ["DISK", STORAGE],
  ["SSD", STORAGE],
  ["SHARED_STORAGE", STORAGE],
  ["OBJECT_STORE", STORAGE],
  ["EXTERNAL", STORAGE],
]);

/** The medium that engines name on their events; in any case, undefined and "" are the GPU. */
export function mediumOf(name: string | undefined): Medium {
  if (name === undefined || name === "" || name === "GPU") return GPU;
  const upper = name.toUpperCase();
  return BY_NAME.get(upper) ?? (upper.startsWith("CPU_TIER") ? CPU_TIER : UNKNOWN);
}
