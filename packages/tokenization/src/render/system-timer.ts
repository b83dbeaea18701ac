import type { Clock } from "@warmpath/contracts";

/** The system's clock; its timers do not keep a process alive. */
export const systemTimer: Clock = {
  nowMs: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
