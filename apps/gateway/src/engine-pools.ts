import type { Clock, Endpoint } from "@warmpath/contracts";
import type { Fleet } from "@warmpath/fleet";
import { every } from "./http/server";
import { UpstreamPool } from "./http/upstream-pool";

/** How often idle connections are looked through, in milliseconds. */
const SWEEP_MS = 1000;
/** Below the 5 s after which uvicorn, which vLLM runs on, closes them. */
const IDLE_TIMEOUT_MS = 4000;

/** The connections to all engines; those of one engine are shared by its ranks. */
export interface EnginePools {
  /** The pool of an endpoint's engine. */
  of(endpoint: Endpoint): UpstreamPool;
  /** Closes idle connections now, and the others when their answer is through. */
  close(): void;
}

/** Makes pools as endpoints are used, and closes them when the fleet has no endpoint there any more. */
export function createEnginePools(fleet: Fleet, clock: Clock, connectTimeoutMs: number): EnginePools {
  const byUrl = new Map<string, UpstreamPool>();
  const options = { clock, connectTimeoutMs, idleTimeoutMs: IDLE_TIMEOUT_MS };
  const stopSweep = every(clock, SWEEP_MS, () => {
    const nowMs = clock.nowMs();
    for (const pool of byUrl.values()) pool.sweep(nowMs);
  });
  const stopListening = fleet.onChange(({ kind, endpoint }) => {
    if (kind !== "removed" || fleet.endpoints().some(({ url }) => url === endpoint.url)) return;
    byUrl.get(endpoint.url)?.close();
    byUrl.delete(endpoint.url);
  });
  return {
    of({ url }) {
      let pool = byUrl.get(url);
      if (pool === undefined) {
        pool = new UpstreamPool(url, options);
        byUrl.set(url, pool);
      }
      return pool;
    },
    close() {
      stopSweep();
      stopListening();
      for (const pool of byUrl.values()) pool.close();
    },
  };
}
