import type { Counter, Gauge, Metrics } from "@warmpath/contracts";

/** What the fleet counts about itself. */
export interface FleetMetrics {
  readonly endpoints: Gauge;
  readonly readyEndpoints: Gauge;
  readonly scrapes: Counter;
  readonly failedScrapes: Counter;
  readonly ejections: Counter;
}

const nothing = { add: () => {}, set: () => {} };

/** Registers the series; without a registry they go nowhere. */
export function createFleetMetrics(metrics: Metrics | undefined): FleetMetrics {
  const counter = (name: string, help: string): Counter => metrics?.counter({ name, help }) ?? nothing;
  const gauge = (name: string, help: string): Gauge => metrics?.gauge({ name, help }) ?? nothing;
  return {
    endpoints: gauge("warmpath_fleet_endpoints", "Endpoints known."),
    readyEndpoints: gauge("warmpath_fleet_ready_endpoints", "Endpoints that answer their probes."),
    scrapes: counter("warmpath_fleet_scrapes_total", "Metrics of an endpoint read."),
    failedScrapes: counter("warmpath_fleet_failed_scrapes_total", "Metrics of an endpoint not to be had."),
    ejections: counter("warmpath_fleet_ejections_total", "Endpoints set aside after a failed request."),
  };
}
