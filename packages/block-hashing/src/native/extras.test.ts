import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type VllmExtraKeysInput, vllmEventExtraKeys, vllmExtraKeys } from "../vllm/extra-keys";
import { extrasFromEvent, extrasFromRequest } from "./extras";

describe("extrasFromEvent", () => {
  it("takes identifiers and salts and drops the adapter", () => {
    expect(extrasFromEvent(["ada", ["img", 2], "salt"], "ada")).toEqual(["img", "salt"]);
    expect(extrasFromEvent(["ada"], "ada")).toBeUndefined();
    expect(extrasFromEvent(["bare-image"], undefined)).toEqual(["bare-image"]);
  });

  it("drops the adapter once, so that a salt of its name stays", () => {
    expect(extrasFromEvent(["ada", "ada"], "ada")).toEqual(["ada"]);
    expect(extrasFromEvent(["salt", "ada"], "ada")).toEqual(["salt", "ada"]);
  });

  it("understands tagged keys", () => {
    const tagged = [
      ["lora", "ada", "/p"],
      ["mm", "img", -3],
      ["cache_salt", "s"],
    ];
    expect(extrasFromEvent(tagged, "ada")).toEqual(["img", "s"]);
  });

  it("takes an image that is called like a tag for an image", () => {
    expect(extrasFromEvent([["mm", 4]], undefined)).toEqual(["mm"]);
    expect(extrasFromEvent([["cache_salt", 0]], undefined)).toEqual(["cache_salt"]);
  });

  it("keeps digests of embeddings apart from text", () => {
    expect(extrasFromEvent([Uint8Array.of(1, 255)], undefined)).toEqual(["bytes:01ff"]);
    expect(extrasFromEvent([["prompt_embeds", Uint8Array.of(1, 255)]], undefined)).toEqual(["bytes:01ff"]);
  });

  it("has nothing for what is empty or unknown", () => {
    for (const raw of [null, undefined, [], [7], [null], [[7, "x"]], [{}]]) {
      expect(extrasFromEvent(raw, undefined)).toBeUndefined();
    }
  });
});

describe("extrasFromRequest", () => {
  it("lists an item in every block that it overlaps and in no other", () => {
    const items = [{ hash: "img", start: 8, length: 40 }];
    expect(extrasFromRequest(items, 16, 4)).toEqual([["img"], ["img"], ["img"], undefined]);
    expect(extrasFromRequest([{ hash: "img", start: 4, length: 12 }], 16, 2)).toEqual([["img"], undefined]);
  });

  it("has nothing for text, for items behind the last full block and for empty ones", () => {
    expect(extrasFromRequest([], 16, 4)).toBeUndefined();
    expect(extrasFromRequest([{ hash: "img", start: 64, length: 4 }], 16, 4)).toBeUndefined();
    expect(extrasFromRequest([{ hash: "img", start: 3, length: 0 }], 16, 4)).toBeUndefined();
  });

  it("agrees with what vLLM publishes for the same request, in every form", () => {
    const gaps = fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 20 })), { maxLength: 5 });
    const form = fc.constantFrom("tagged" as const, "untagged" as const, "identifier" as const);
    fc.assert(
      fc.property(
        gaps,
        form,
        fc.integer({ min: 1, max: 8 }),
        fc.boolean(),
        (steps, keyForm, blockSizeTokens, hasLora) => {
          let at = 0;
          const items = steps.map(([gap, length], i) => {
            const start = at + gap;
            at = start + length;
            return { hash: `image ${i}`, start, length };
          });
          const input: VllmExtraKeysInput = {
            form: keyForm,
            blockSizeTokens,
            blockCount: 12,
            lora: hasLora ? { name: "ada", path: "/p" } : undefined,
            multimodal: items.map(({ hash, start, length }) => ({ identifier: hash, offset: start, length })),
          };
          const hashed = vllmExtraKeys(input);
          const fromRequest = extrasFromRequest(items, blockSizeTokens, 12) ?? new Array(12).fill(undefined);
          const lora = hasLora ? "ada" : undefined;
          expect(vllmEventExtraKeys(hashed).map((raw) => extrasFromEvent(raw, lora))).toEqual(fromRequest);
          expect(hashed.map((raw) => extrasFromEvent(raw ?? null, lora))).toEqual(fromRequest);
        },
      ),
    );
  });
});
