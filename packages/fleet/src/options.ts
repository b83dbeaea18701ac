import { WarmpathError } from "@warmpath/contracts";
import type { FleetOptions } from "./types";

const DEFAULTS = {
  scrapeIntervalMs: 200,
  maxScrapesPerSecond: 200,
  staleAfterMs: 1000,
  healthIntervalMs: 2000,
  modelsIntervalMs: 10_000,
  probeTimeoutMs: 1000,
  failuresToUnready: 2,
  ejectionMs: 500,
  maxEjectionMs: 15_000,
};

type Numbers = typeof DEFAULTS;

/** `FleetOptions` with every default filled in. */
export interface ResolvedFleetOptions extends Omit<FleetOptions, keyof Numbers>, Numbers {
  readonly fetch: typeof fetch;
  readonly headers: Readonly<Record<string, string>>;
  readonly polling: boolean;
}

/** Fills defaults; throws `invalid_configuration` for a number that is not positive. */
export function resolveFleetOptions(options: FleetOptions): ResolvedFleetOptions {
  const numbers = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof Numbers)[]) {
    const value = options[name] ?? DEFAULTS[name];
    if (!(value > 0 && Number.isFinite(value)))
      throw new WarmpathError("invalid_configuration", `fleet: ${name} is ${value}; it must be a number above 0.`);
    numbers[name] = value;
  }
  return {
    ...options,
    ...numbers,
    fetch: options.fetch ?? globalThis.fetch,
    headers: options.headers ?? {},
    polling: options.polling ?? true,
  };
}
