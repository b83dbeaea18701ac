// For users.
export { createDirector } from "./director";
export type { DriftStats } from "./drift";
export type {
  EventStreamState,
  FollowKvEventsOptions,
  KvEventFollower,
  SubscribeKvEvents,
} from "./follow-kv-events";
export { followKvEvents } from "./follow-kv-events";
// For extenders.
export { type EngineBlockSize, IndexPrefixMatch, usableTokens } from "./index-prefix-match";
export type {
  PluginEntry,
  PluginEnvironment,
  PluginKind,
  PluginKinds,
  PluginRegistry,
  PluginRegistryOptions,
  PluginRequest,
  PluginStability,
} from "./plugin-registry";
export { createPluginRegistry } from "./plugin-registry";
export type { ProfileOptions } from "./profile";
export { createProfile } from "./profile";
export { SINGLE_PROFILE_HANDLER, singleProfileHandler } from "./single-profile-handler";
export type {
  Director,
  DirectorOptions,
  DirectorStats,
  Profile,
  ScheduledRequest,
  WeightedScorer,
} from "./types";
