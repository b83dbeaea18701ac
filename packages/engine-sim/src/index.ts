// For users: engines in real time, then in virtual time.

// For extenders: the core that both shells drive.
export type { Replica } from "./core/replica";
export { createReplica } from "./core/replica";
export type {
  ReplicaCleared,
  ReplicaCounters,
  ReplicaEvent,
  ReplicaOptions,
  ReplicaRemoved,
  ReplicaRequest,
  ReplicaStored,
  SequenceState,
  StepResult,
} from "./core/replica-types";
export type { ResolvedReplicaOptions } from "./core/resolve-options";
export type { StepTimeProfile, StepTimeProfileName, StepWork } from "./core/step-time";
export { DEFAULT_STEP_TIME_PROFILE, resolveStepTimeProfile, STEP_TIME_PROFILES, stepTimeMs } from "./core/step-time";
export type { SimulatedAdapter, VllmBlocks, VllmBlocksOptions, VllmRequest } from "./core/vllm-blocks";
export { createVllmBlocks } from "./core/vllm-blocks";
export type { SimulatedFailures } from "./http/failures";
export type { SimulatedEngineOptions, SimulatedKvEvents } from "./http/options";
export type { SimulatedEngine, SimulatedEngineStats } from "./http/start";
export { startSimulatedEngine } from "./http/start";
export type { EngineTokenizer } from "./http/tokenizer";
export type { VirtualRequest } from "./virtual/block-ids";
export { FIRST_OUTPUT_BLOCK_ID, syntheticBlockTokens, writeBlockIdHash } from "./virtual/block-ids";
export type { ReplicaLoad } from "./virtual/scraped-load";
export type { VirtualClock } from "./virtual/virtual-clock";
export { createVirtualClock } from "./virtual/virtual-clock";
export type { VirtualFleet, VirtualFleetOptions } from "./virtual/virtual-fleet";
export { createVirtualFleet } from "./virtual/virtual-fleet";
