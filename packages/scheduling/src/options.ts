import { type Endpoint, type ProfileHandler, WarmpathError } from "@warmpath/contracts";
import { createEstimateTokenizer } from "@warmpath/tokenization";
import { singleProfileHandler } from "./single-profile-handler";
import type { DirectorOptions } from "./types";

const DEFAULTS = { tokenizeTimeoutMs: 2000, bookingTtlMs: 10_000, approximateTtlMs: 600_000 };

/** Fills defaults; throws `invalid_configuration` for times that are not positive and for equal profile names. */
export function resolveDirectorOptions(options: DirectorOptions) {
  const names = options.profiles.map(({ name }) => name);
  if (new Set(names).size < names.length)
    throw new WarmpathError("invalid_configuration", `Two profiles have one name: ${names.join(", ")}.`);
  const profileHandler: ProfileHandler = options.profileHandler ?? singleProfileHandler(options.profiles);
  return {
    ...options,
    profileHandler,
    producers: options.producers ?? [],
    observers: options.observers ?? [],
    estimator: options.estimator ?? createEstimateTokenizer(),
    tokenizeTimeoutMs: positive(options, "tokenizeTimeoutMs"),
    bookingTtlMs: positive(options, "bookingTtlMs"),
    approximateTtlMs: positive(options, "approximateTtlMs"),
    eventsLive: options.eventsLive ?? ((endpoint: Endpoint) => endpoint.kvEvents !== undefined),
  };
}

export type ResolvedDirectorOptions = ReturnType<typeof resolveDirectorOptions>;

function positive(options: DirectorOptions, name: keyof typeof DEFAULTS): number {
  const value = options[name] ?? DEFAULTS[name];
  if (value > 0 && Number.isFinite(value)) return value;
  throw new WarmpathError("invalid_configuration", `director: ${name} is ${value}; it must be a number above 0.`);
}
