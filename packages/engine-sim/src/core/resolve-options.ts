import { WarmpathError } from "@warmpath/contracts";
import type { ReplicaOptions } from "./replica-types";
import { resolveStepTimeProfile, type StepTimeProfile } from "./step-time";

/** {@link ReplicaOptions} with every default filled in. */
export interface ResolvedReplicaOptions {
  readonly blocks: number;
  readonly blockSizeTokens: number;
  readonly maxBatchedTokens: number;
  readonly maxSequences: number;
  readonly profile: StepTimeProfile;
}

/** Fills and range-checks. Throws `invalid_configuration`. */
export function resolveReplicaOptions<R, K>(options: ReplicaOptions<R, K>): ResolvedReplicaOptions {
  return {
    blocks: atLeast("blocks", options.blocks ?? 19_208, 2),
    blockSizeTokens: atLeast("blockSizeTokens", options.blockSizeTokens ?? 16, 1),
    maxBatchedTokens: atLeast("maxBatchedTokens", options.maxBatchedTokens ?? 8192, 1),
    maxSequences: atLeast("maxSequences", options.maxSequences ?? 256, 1),
    profile: resolveStepTimeProfile(options.profile),
  };
}

function atLeast(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw new WarmpathError(
    "invalid_configuration",
    `${name} is ${value}; it must be a whole number of at least ${least}.`,
  );
}
