import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blockKeysToBigInts, createBlockKeys, createNativeHasher, createVllmHasher, externalHashes } from "./index";

function example() {
  // readme:start
  const hasher = createNativeHasher({ blockSizeTokens: 16, secret: "shared by all gateways" });
  const keys = createBlockKeys(64, 16);
  const tokens = Uint32Array.from({ length: 40 }, (_, i) => i);
  const scope = { model: "qwen3", cacheSalt: "tenant-a" };
  hasher.append({ tokens, fromToken: 0, toToken: tokens.length, scope }, keys);

  const engine = createVllmHasher({ algorithm: "sha256_cbor", seed: "0", blockSizeTokens: 16 });
  const digests = new Uint8Array(2 * engine.digestBytes);
  const blocks = engine.hashPrompt({ tokens, features: { cacheSalt: "tenant-a" } }, digests);
  const published = externalHashes(digests, engine.digestBytes, blocks);
  // readme:end
  return { keys, published };
}

describe("README.md", () => {
  it("shows the example that runs here", () => {
    const source = readFileSync(new URL(import.meta.url), "utf8");
    const code = source.slice(source.indexOf("readme:start\n") + 13, source.indexOf("  // readme:end"));
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    expect(readme).toContain(code.replaceAll(/^ {2}/gm, ""));
  });

  it("says what comes out of it", () => {
    const { keys, published } = example();
    expect(new Set(blockKeysToBigInts(keys)).size).toBe(2);
    expect(published.length).toBe(4);
  });
});
