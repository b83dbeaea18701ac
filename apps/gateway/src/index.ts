export type { EndpointSpec } from "@warmpath/fleet";
export type { AuditReport } from "./audit";
export type { Gateway } from "./gateway";
export { createGateway } from "./gateway";
export type { GatewayOptions, RoutingPolicy } from "./options";
export { GATEWAY_DEFAULTS, ROUTING_POLICIES } from "./options";
