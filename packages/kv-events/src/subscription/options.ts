import { WarmpathError } from "@warmpath/contracts";
import { createZeromqSource } from "../transport/zeromq-source";
import type { KvEventSubscribeOptions } from "./types";

const DEFAULTS = {
  reconnectMinMs: 100,
  reconnectMaxMs: 5_000,
  connectTimeoutMs: 10_000,
  replayIdleMs: 2_000,
  replayTotalMs: 120_000,
  maxReplayAttempts: 3,
  replayCooldownMs: 30_000,
  probeIdleMs: 1_000,
  maxBufferedMessages: 10_000,
  maxBufferedBytes: 64 * 1024 * 1024,
  maxMessageBytes: 32 * 1024 * 1024,
} as const;

type Limit = keyof typeof DEFAULTS;

/** The options with every default filled in. */
export type ResolvedSubscribeOptions = Omit<KvEventSubscribeOptions, Limit | "messageSource"> &
  Readonly<Record<Limit, number>> & { readonly messageSource: NonNullable<KvEventSubscribeOptions["messageSource"]> };

/** Fills in defaults. Throws `invalid_configuration` for a number that is negative or not finite. */
export function resolveSubscribeOptions(options: KvEventSubscribeOptions): ResolvedSubscribeOptions {
  const limits: Record<Limit, number> = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as Limit[]) {
    const value = options[name] ?? DEFAULTS[name];
    if (!Number.isFinite(value) || value < 0) {
      throw new WarmpathError("invalid_configuration", `${name} is ${value}, but must be a number from 0.`);
    }
    limits[name] = value;
  }
  return { ...options, ...limits, messageSource: options.messageSource ?? createZeromqSource() };
}
