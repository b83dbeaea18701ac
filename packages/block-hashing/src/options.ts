import { WarmpathError } from "@warmpath/contracts";

/** Returns a block size that is a positive integer; throws `invalid_configuration` otherwise. */
export function requireBlockSize(blockSizeTokens: number): number {
  if (Number.isSafeInteger(blockSizeTokens) && blockSizeTokens > 0 && blockSizeTokens <= 1 << 20)
    return blockSizeTokens;
  throw new WarmpathError(
    "invalid_configuration",
    `blockSizeTokens is ${blockSizeTokens}; it is an integer from 1 to ${1 << 20}`,
  );
}
