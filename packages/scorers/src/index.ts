// For users: policies.

// For users: single plugins.
export type { ActiveRequestScorerOptions } from "./active-request-scorer/active-request-scorer";
export { ACTIVE_REQUEST_SCORER, createActiveRequestScorer } from "./active-request-scorer/active-request-scorer";
export type { BoundedPrefixScorerOptions } from "./bounded-prefix-scorer/bounded-prefix-scorer";
export { BOUNDED_PREFIX_SCORER, createBoundedPrefixScorer } from "./bounded-prefix-scorer/bounded-prefix-scorer";
export { registerBuiltInPlugins } from "./built-in-plugins";
export type { BalanceOptions } from "./cost/balance";
export type { CostCoefficients, CostProfileName } from "./cost/coefficients";
export { COST_PROFILES, DEFAULT_COST_PROFILE } from "./cost/coefficients";
export type { CostProducerOptions } from "./cost/cost-producer";
export { COST_CAPACITY, COST_PRODUCER, createCostProducer } from "./cost/cost-producer";
export type { CostScorerOptions } from "./cost/cost-scorer";
export { COST_SCORER, createCostScorer } from "./cost/cost-scorer";
export {
  createKvCacheUtilizationScorer,
  KV_CACHE_UTILIZATION_SCORER,
} from "./kv-cache-utilization-scorer/kv-cache-utilization-scorer";
export type { MaxScorePickerOptions } from "./max-score-picker/max-score-picker";
export { createMaxScorePicker, MAX_SCORE_PICKER } from "./max-score-picker/max-score-picker";
export type { PolicyName, PolicyOptions, PolicyPlugins } from "./policies";
export { createDefaultPlugins, createPolicyPlugins, defaultProfiles, POLICIES } from "./policies";
export type { PrefixCacheScorerOptions } from "./prefix-cache-scorer/prefix-cache-scorer";
export { createPrefixCacheScorer, PREFIX_CACHE_SCORER } from "./prefix-cache-scorer/prefix-cache-scorer";
export type { PrefixLoadScorerOptions } from "./prefix-load-scorer/prefix-load-scorer";
export { createPrefixLoadScorer, PREFIX_LOAD_SCORER } from "./prefix-load-scorer/prefix-load-scorer";
export type { PrefixProducerOptions } from "./prefix-producer/prefix-producer";
export { createPrefixProducer, PREFIX_PRODUCER } from "./prefix-producer/prefix-producer";
export { createQueueScorer, QUEUE_SCORER } from "./queue-scorer/queue-scorer";
export type { RandomPickerOptions } from "./random-picker/random-picker";
export { createRandomPicker, RANDOM_PICKER } from "./random-picker/random-picker";
export { createRoundRobinPicker, ROUND_ROBIN_PICKER } from "./round-robin-picker/round-robin-picker";
