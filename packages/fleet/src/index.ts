// For users.
export type { EndpointsFile } from "./endpoints-file";
export { parseEndpointsFile } from "./endpoints-file";
export { createFleet } from "./fleet";
export type { EndpointsFileFollower, FollowEndpointsFileOptions } from "./follow-endpoints-file";
export { followEndpointsFile } from "./follow-endpoints-file";
// For extenders: reading an engine's metrics.
export { forEachSample, labelValue } from "./prometheus";
export type {
  Booking,
  BookingSize,
  EndpointSpec,
  EndpointStatus,
  EngineMetrics,
  Fleet,
  FleetChange,
  FleetOptions,
  ServedModel,
} from "./types";
export { readVllmMetrics } from "./vllm-metrics";
