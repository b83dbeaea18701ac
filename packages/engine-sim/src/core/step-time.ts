import { WarmpathError } from "@warmpath/contracts";

/**
 * Constants of the step-time model, fitted or derived per model and machine.
 *
 * `t = t0 + max(w + cw·min(P+D, 128), b·(P+D)) + c·D + d·(K−Kdup) + dd·Kdup + e·A` in milliseconds, with P prefill tokens,
 * D decoding sequences, K tokens of context that they read, Kdup the part of K that another decoding sequence reads too,
 * and A the sum over prefill chunks of `chunk·(contextBefore + chunk/2)`.
 */
export interface StepTimeProfile {
  /** Scheduling and launch, ms per step. */
  readonly t0: number;
  /** Weight read, ms per step. */
  readonly w: number;
  /** Growth of small batches, ms per token up to 128 tokens. */
  readonly cw: number;
  /** Linear layers, ms per token once they are bound by arithmetic. */
  readonly b: number;
  /** Sampling and bookkeeping, ms per decoding sequence. */
  readonly c: number;
  /** Read of unshared KV, ms per token. */
  readonly d: number;
  /** Read of KV that another sequence of the step reads too, ms per token. */
  readonly dd: number;
  /** Prefill attention, ms per pair of tokens. */
  readonly e: number;
  /** KV cache of one token over all layers, bytes. */
  readonly kvBytesPerToken: number;
}

/** What one engine step computes; the inputs of the step-time model. */
export interface StepWork {
  /** P: prompt tokens computed. */
  prefillTokens: number;
  /** D: sequences that compute one output token. */
  decodeSequences: number;
  /** K: tokens of context that the decoding sequences read. */
  contextTokens: number;
  /** Kdup: the part of K that is shared; every sharer but the first counts. */
  sharedContextTokens: number;
  /** A: sum over prefill chunks of `chunk·(contextBefore + chunk/2)`. */
  prefillAttention: number;
}

/**
 * Profiles by name. The Qwen3 pair is fitted to the published llm-d prefix-routing runs of 2025 and 2026, the Llama 70B
 * one follows Vidur's measurements; both 8B ones are scaled from them and meant for relative comparisons only.
 */
export const STEP_TIME_PROFILES = {
  "qwen3-32b-h100-tp2-2025": {
    t0: 3.5,
    w: 13,
    cw: 0.012,
    b: 0.053,
    c: 0.01,
    d: 0.05e-3,
    dd: 0.03e-3,
    e: 1.93e-6,
    kvBytesPerToken: 262_144,
  },
  "qwen3-32b-h100-tp2-2026": {
    t0: 3,
    w: 12,
    cw: 0.012,
    b: 0.046,
    c: 0.01,
    d: 0.042e-3,
    dd: 0.016e-3,
    e: 1.93e-6,
    kvBytesPerToken: 262_144,
  },
  "llama-3.1-70b-h100-tp4": {
    t0: 3.5,
    w: 14.3,
    cw: 0.012,
    b: 0.0541,
    c: 0.01,
    d: 0.0288e-3,
    dd: 0.0118e-3,
    e: 2.4e-6,
    kvBytesPerToken: 327_680,
  },
  "llama-3.1-8b-h100-tp1": {
    t0: 3,
    w: 5.8,
    cw: 0.012,
    b: 0.022,
    c: 0.01,
    d: 0.046e-3,
    dd: 0.025e-3,
    e: 0.96e-6,
    kvBytesPerToken: 131_072,
  },
  "llama-3-8b-a100-tp1": {
    t0: 3,
    w: 9.7,
    cw: 0.012,
    b: 0.0662,
    c: 0.01,
    d: 0.08e-3,
    dd: 0.045e-3,
    e: 3.06e-6,
    kvBytesPerToken: 131_072,
  },
} as const satisfies Readonly<Record<string, StepTimeProfile>>;

export type StepTimeProfileName = keyof typeof STEP_TIME_PROFILES;

/** The profile that is used where none is named. */
export const DEFAULT_STEP_TIME_PROFILE: StepTimeProfileName = "qwen3-32b-h100-tp2-2026";

/** Milliseconds that one step takes. */
export function stepTimeMs(profile: StepTimeProfile, work: StepWork): number {
  const tokens = work.prefillTokens + work.decodeSequences;
  const linear = Math.max(profile.w + profile.cw * Math.min(tokens, 128), profile.b * tokens);
  return (
    profile.t0 +
    linear +
    profile.c * work.decodeSequences +
    profile.d * (work.contextTokens - work.sharedContextTokens) +
    profile.dd * work.sharedContextTokens +
    profile.e * work.prefillAttention
  );
}

/** A profile by its name, or as given. Throws `invalid_configuration` for an unknown name. */
export function resolveStepTimeProfile(profile: string | StepTimeProfile | undefined): StepTimeProfile {
  if (typeof profile === "object") return profile;
  const name = profile ?? DEFAULT_STEP_TIME_PROFILE;
  const known = (STEP_TIME_PROFILES as Readonly<Record<string, StepTimeProfile>>)[name];
  if (known) return known;
  const names = Object.keys(STEP_TIME_PROFILES).join(", ");
  throw new WarmpathError("invalid_configuration", `There is no step-time profile "${name}". Known: ${names}.`);
}
