import type { BlocksStored } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { externalHashes } from "./external-hash";
import { type VllmRequestFeatures, vllmEventExtraKeys, vllmExtraKeys } from "./extra-keys";
import { createVllmHasher, type VllmHasher } from "./hasher";
import { vllmKeysFromEvent } from "./keys-from-event";
import { createHashVerifier } from "./verifier";

const cborHasher = (): VllmHasher => createVllmHasher({ algorithm: "sha256_cbor", seed: "0", blockSizeTokens: 4 });
const ints = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i + 1);

/** The events of a prompt, one block each, as an engine with this hasher publishes them. */
function eventsOf(hasher: VllmHasher, tokens: Uint32Array, features: VllmRequestFeatures = {}): BlocksStored[] {
  const { blockSizeTokens: size, digestBytes, extraKeyForm: form } = hasher;
  const blockCount = Math.floor(tokens.length / size);
  const out = new Uint8Array(blockCount * digestBytes);
  hasher.hashPrompt({ tokens, features }, out);
  const hashes = externalHashes(out, digestBytes, blockCount);
  const keys = vllmEventExtraKeys(vllmExtraKeys({ ...features, form, blockSizeTokens: size, blockCount }));
  return Array.from({ length: blockCount }, (_, i) => ({
    kind: "stored",
    blockHashes: hashes.slice(2 * i, 2 * i + 2),
    parentHash: i === 0 ? undefined : { lo: hashes[2 * i - 2]!, hi: hashes[2 * i - 1]! },
    tokenIds: tokens.slice(i * size, (i + 1) * size),
    blockSizeTokens: size,
    loraId: undefined,
    loraName: features.lora?.name,
    medium: "GPU",
    extraKeys: [keys[i]!],
    groupIndex: 0,
    specKind: "full_attention",
    slidingWindow: undefined,
    locality: undefined,
  }));
}

describe("check", () => {
  it("verifies the hashes that a real engine published", () => {
    // The first block of the wire sheet's event: tokens 1 to 4, hash 1e0b2e028ef071cb.
    const event = { ...eventsOf(cborHasher(), ints(4))[0]!, blockHashes: Uint32Array.of(0x8ef071cb, 0x1e0b2e02) };
    expect(createHashVerifier({ hasher: cborHasher() }).check(event)).toEqual({
      verified: 1,
      mismatched: 0,
      unverifiable: 0,
      reason: undefined,
      error: undefined,
    });
  });

  it("follows a chain from event to event, with salt, images and adapter", () => {
    const features = {
      lora: { name: "ada", path: "/p" },
      cacheSalt: "s",
      multimodal: [{ identifier: "img", offset: 2, length: 5 }],
    };
    const hasher = cborHasher();
    const loraPath = (name: string): string | undefined => (name === "ada" ? "/p" : undefined);
    const verifier = createHashVerifier({ hasher, loraPath });
    for (const event of eventsOf(hasher, ints(16), features)) expect(verifier.check(event).verified).toBe(1);
    const blind = createHashVerifier({ hasher });
    expect(blind.check(eventsOf(hasher, ints(16), features)[0]!).reason).toBe("extra-keys");
  });

  it.each(["untagged", "identifier"] as const)("restores the %s form", (extraKeyForm) => {
    const hasher = createVllmHasher({ algorithm: "sha256", seed: "0", blockSizeTokens: 4, extraKeyForm });
    const features = { lora: { name: "ada", path: "/p" }, multimodal: [{ identifier: "img", offset: 2, length: 5 }] };
    const verifier = createHashVerifier({ hasher });
    for (const event of eventsOf(hasher, ints(16), features)) expect(verifier.check(event).verified).toBe(1);
  });

  it("reports blocks that another seed or algorithm gave", () => {
    const other = createVllmHasher({ algorithm: "sha256", seed: "0", blockSizeTokens: 4 });
    const check = createHashVerifier({ hasher: cborHasher() }).check(eventsOf(other, ints(4))[0]!);
    expect(check).toMatchObject({ verified: 0, mismatched: 1, unverifiable: 0 });
    expect(check.error?.code).toBe("hash_mismatch");
    expect(check.error?.message).toContain("sha256_cbor");
  });

  it("says why it cannot check", () => {
    const hasher = cborHasher();
    const [first, second] = eventsOf(hasher, ints(8)) as [BlocksStored, BlocksStored];
    const check = (event: BlocksStored) => createHashVerifier({ hasher }).check(event);
    expect(check(second)).toMatchObject({ unverifiable: 1, reason: "parent" });
    expect(check({ ...first, tokenIds: new Uint32Array(0) }).reason).toBe("tokens");
    expect(check({ ...first, tokenIds: ints(8) }).reason).toBe("tokens");
    expect(check({ ...first, blockSizeTokens: 2 }).reason).toBe("block-size");
    expect(check({ ...first, extraKeys: undefined, loraName: "x" }).reason).toBe("extra-keys");
    expect(check({ ...first, extraKeys: [[{}]] }).reason).toBe("extra-keys");
    expect(check({ ...first, extraKeys: [] }).reason).toBe("extra-keys");
  });

  it("keeps a bounded number of parents", () => {
    const hasher = cborHasher();
    const events = eventsOf(hasher, ints(40));
    const verifier = createHashVerifier({ hasher, maxDigests: 2 });
    for (const event of events) expect(verifier.check(event).verified).toBe(1);
    expect(verifier.check(events[9]!).verified).toBe(1);
    expect(verifier.check(events[4]!).reason).toBe("parent");
    verifier.reset();
    expect(verifier.check(events[9]!).reason).toBe("parent");
  });
});

describe("vllmKeysFromEvent", () => {
  it("puts the tags back", () => {
    const options = { form: "tagged", loraName: "ada", loraPath: "/p" } as const;
    const digest = new Uint8Array(32);
    expect(vllmKeysFromEvent(["ada", ["img", -2n], "s", digest], options)).toEqual([
      ["lora", "ada", "/p"],
      ["mm", "img", -2],
      ["cache_salt", "s"],
      ["prompt_embeds", digest],
    ]);
    expect(vllmKeysFromEvent(null, options)).toBeUndefined();
    expect(vllmKeysFromEvent([], options)).toBeUndefined();
  });
});
