import { performance } from "node:perf_hooks";
import type { Clock } from "@warmpath/contracts";

/** Real time. Waits of less than half a millisecond end with the next turn of the event loop. */
export function createSystemClock(): Clock {
  return {
    nowMs: () => performance.now(),
    schedule(delayMs, callback) {
      if (delayMs < 0.5) {
        const immediate = setImmediate(callback);
        return () => clearImmediate(immediate);
      }
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
}
