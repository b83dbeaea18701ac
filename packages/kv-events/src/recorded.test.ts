import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { KvEvent } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { RECORDED_FRAMES } from "../test/recorded-frames";
import { numbers } from "../test/wire";
import { decodeKvEventBatch } from "./decode/batch";
import { encodeKvEventBatch } from "./encode/encode-batch";

const RECORDING = fileURLToPath(new URL("../../../../shared/golden/vllm/events-0.32.0.jsonl", import.meta.url));

function decoded(name: string): readonly KvEvent[] {
  const frame = RECORDED_FRAMES.find((recorded) => recorded.name === name)!;
  return decodeKvEventBatch(Buffer.from(frame.payload, "hex")).events;
}

describe("frames of a real vLLM", () => {
  it.each(RECORDED_FRAMES)("$name: decoded and encoded again to the byte", ({ payload }) => {
    const batch = decodeKvEventBatch(Buffer.from(payload, "hex"));
    expect(batch.malformedEvents).toBe(0);
    expect(Buffer.from(encodeKvEventBatch(batch, { form: "map", hashes: "int" })).toString("hex")).toBe(payload);
  });

  it("hold what the server was asked for", () => {
    const [cleared, plain] = decoded("clearing, then three blocks");
    expect(cleared).toEqual({ kind: "cleared" });
    expect(plain).toMatchObject({
      blockSizeTokens: 32,
      medium: "GPU",
      groupIndex: 0,
      parentHash: undefined,
      specKind: "full_attention",
      extraKeys: [null, null, null],
    });
    expect(plain?.kind === "stored" && Array.from(plain.tokenIds)).toEqual(
      Array.from({ length: 96 }, (_, i) => 1300 + 7 * i),
    );
    expect(decoded("a salted prompt")[0]).toMatchObject({ extraKeys: [["tenant-a"], null] });
    expect(decoded("an adapter's salted prompt")[0]).toMatchObject({
      loraId: 1,
      loraName: "adapter-a",
      extraKeys: [["adapter-a", "tenant-a"], ["adapter-a"]],
    });
  });

  it("remove one block at a time, before the stores of their step", () => {
    const events = decoded("removals before stores");
    const kinds = events.map((event) => event.kind);
    expect(kinds).toEqual(["removed", "removed", "stored"]);
    for (const event of events) if (event.kind === "removed") expect(numbers(event.blockHashes)).toHaveLength(1);
  });

  it.skipIf(!existsSync(RECORDING))("are all decoded, none with a malformed event (skipped without ../shared)", () => {
    const lines = readFileSync(RECORDING, "utf8").trim().split("\n");
    let batches = 0;
    for (const line of lines) {
      const { frames } = JSON.parse(line) as { readonly frames: readonly (readonly string[])[] };
      for (const payload of frames.map((message) => message.at(-1)!).filter((hex) => hex !== "")) {
        const batch = decodeKvEventBatch(Buffer.from(payload, "hex"));
        expect(batch.malformedEvents).toBe(0);
        expect(Buffer.from(encodeKvEventBatch(batch, { form: "map", hashes: "int" })).toString("hex")).toBe(payload);
        batches++;
      }
    }
    expect(batches).toBeGreaterThan(100);
  });
});
