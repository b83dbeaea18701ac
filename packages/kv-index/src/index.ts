// For users.

export type { CounterName } from "./counters";
export { COUNTER_NAMES } from "./counters";
export type { EngineBlockCopies, KvIndexHandle } from "./kv-index";
export { createKvIndex } from "./kv-index";
export { createPrefixMatches } from "./matches";
export type { KvIndexOptions, Reannouncements } from "./options";
