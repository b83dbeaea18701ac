import { type BlocksStored, WarmpathError } from "@warmpath/contracts";
import { joinWords } from "../block-keys";
import { externalHash } from "./external-hash";
import type { VllmBlockExtraKeys } from "./extra-key";
import type { VllmHasher } from "./hasher";
import { vllmKeysFromEvent } from "./keys-from-event";

export interface HashVerifierOptions {
  /** Computes what the engine should have published. */
  readonly hasher: VllmHasher;
  /** Path of an adapter by its name; events carry the name only. Default: none is known. */
  readonly loraPath?: ((loraName: string) => string | undefined) | undefined;
  /** Digests kept as parents of later events; default 65,536. Beyond it the oldest go. */
  readonly maxDigests?: number | undefined;
}

/** Why blocks could not be checked. */
export type Unverifiable = "tokens" | "block-size" | "parent" | "extra-keys";

/** What a check of one event found; the three counts add up to its blocks. */
export interface HashCheck {
  readonly verified: number;
  readonly mismatched: number;
  readonly unverifiable: number;
  readonly reason: Unverifiable | undefined;
  /** `hash_mismatch`, naming the first block that differs. */
  readonly error: WarmpathError | undefined;
}

/** Recomputes an engine's hashes from the tokens of its events, where its algorithm and seed are known. */
export interface HashVerifier {
  check(event: BlocksStored): HashCheck;
  /** Forgets all parents, as after a restart of the engine. */
  reset(): void;
}

const skipped = (blocks: number, reason: Unverifiable): HashCheck => ({
  verified: 0,
  mismatched: 0,
  unverifiable: blocks,
  reason,
  error: undefined,
});

function mismatch(hasher: VllmHasher, index: number, expected: bigint, actual: bigint): WarmpathError {
  return new WarmpathError(
    "hash_mismatch",
    `block ${index} of an event is ${actual}; ${hasher.algorithm} over its tokens gives ${expected}`,
  );
}

class Verifier implements HashVerifier {
  private readonly digests = new Map<bigint, Uint8Array>();
  private readonly maxDigests: number;
  private out = new Uint8Array(0);

  constructor(private readonly options: HashVerifierOptions) {
    this.maxDigests = options.maxDigests ?? 65_536;
  }

  check(event: BlocksStored): HashCheck {
    const { hasher } = this.options;
    const count = event.blockHashes.length / 2;
    if (event.tokenIds.length === 0) return skipped(count, "tokens");
    if (event.blockSizeTokens !== hasher.blockSizeTokens) return skipped(count, "block-size");
    // Groups with sliding windows publish more tokens than blocks: which block is whose is then unknown.
    if (event.tokenIds.length !== count * event.blockSizeTokens) return skipped(count, "tokens");
    const parent = event.parentHash && this.digests.get(joinWords(event.parentHash.lo, event.parentHash.hi));
    if (event.parentHash !== undefined && parent === undefined) return skipped(count, "parent");
    const extraKeys = this.keysOf(event, count);
    if (extraKeys === "unknown") return skipped(count, "extra-keys");
    if (this.out.length < count * hasher.digestBytes) this.out = new Uint8Array(count * hasher.digestBytes);
    hasher.hashPrompt({ tokens: event.tokenIds, parent, extraKeys }, this.out);
    return this.compare(event, count);
  }

  reset(): void {
    this.digests.clear();
  }

  private keysOf(event: BlocksStored, count: number): VllmBlockExtraKeys[] | "unknown" | undefined {
    const { loraName, extraKeys } = event;
    const { hasher, loraPath } = this.options;
    if (extraKeys === undefined) return loraName === undefined ? undefined : "unknown";
    if (extraKeys.length !== count) return "unknown";
    const path = loraName === undefined ? undefined : loraPath?.(loraName);
    const options = { form: hasher.extraKeyForm, loraName, loraPath: path };
    const keys: VllmBlockExtraKeys[] = [];
    for (const raw of extraKeys) {
      const restored = vllmKeysFromEvent(raw, options);
      if (restored === "unknown") return "unknown";
      keys.push(restored);
    }
    return keys;
  }

  private compare(event: BlocksStored, count: number): HashCheck {
    const { hasher } = this.options;
    let verified = 0;
    let error: WarmpathError | undefined;
    for (let i = 0; i < count; i++) {
      const digest = this.out.slice(i * hasher.digestBytes, (i + 1) * hasher.digestBytes);
      const { lo, hi } = externalHash(digest);
      const expected = joinWords(lo, hi);
      const actual = joinWords(event.blockHashes[2 * i]!, event.blockHashes[2 * i + 1]!);
      if (expected === actual) {
        verified++;
        this.remember(actual, digest);
      } else {
        error ??= mismatch(hasher, i, expected, actual);
      }
    }
    return { verified, mismatched: count - verified, unverifiable: 0, reason: undefined, error };
  }

  private remember(hash: bigint, digest: Uint8Array): void {
    this.digests.delete(hash);
    this.digests.set(hash, digest);
    if (this.digests.size > this.maxDigests) this.digests.delete(this.digests.keys().next().value!);
  }
}

/**
 * Makes a verifier for the events of one engine rank. An event whose parent it has not seen cannot be checked, since events carry
 * 64 bits of a digest and the chain needs all of it.
 */
export function createHashVerifier(options: HashVerifierOptions): HashVerifier {
  return new Verifier(options);
}
