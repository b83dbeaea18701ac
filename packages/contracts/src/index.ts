// For users: the vocabulary.

// For extenders: the interfaces to implement.
export type { BlockHasher, BlockKeys, HashInput, KeyScope } from "./block-keys";
export type { Endpoint, EndpointLoad, KvEventAddress } from "./endpoint";
// Errors.
export type { ErrorCode, ErrorCodeEntry, OpenAIErrorBody } from "./errors";
export { ERROR_CODES, WarmpathError } from "./errors";
export type {
  AllBlocksCleared,
  BlocksRemoved,
  BlocksStored,
  EngineHashes,
  KvEvent,
  KvEventBatch,
  KvEventSink,
  KvEventSource,
  RawExtraKeys,
} from "./kv-event";
export type { KvIndex, KvIndexStats, PrefixMatches } from "./kv-index";
export type {
  CachePolicy,
  OffloadKey,
  OffloadOutcome,
  OffloadTier,
  OffloadTierUsage,
  OffloadTransfer,
} from "./offload";
export type { RankLoad, RankPolicy, RankRequest } from "./rank";
export type { ApiKind, ByteRange, InferenceRequest, Prompt } from "./request";
export type { Clock, Counter, Gauge, Histogram, Logger, MetricOptions, Metrics, Random } from "./runtime";
export type {
  Candidate,
  CandidateExplanation,
  CostPrediction,
  DataKey,
  DataProducer,
  Decision,
  Filter,
  Picker,
  PrefixMatch,
  ProfileHandler,
  ProfileResult,
  RequestObserver,
  RequestOutcome,
  SchedulingContext,
  Scorer,
} from "./scheduling";
export { COST_PREDICTION, PREFIX_MATCH } from "./scheduling";
export type { Tier } from "./tier";
export { TIER_COUNT, TIER_CPU, TIER_GPU, TIER_NAMES, TIER_STORAGE } from "./tier";
export type { MultimodalItem, TokenizedPrompt, Tokenizer } from "./tokenizer";
