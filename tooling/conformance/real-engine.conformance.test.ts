import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenizerFolder, writeTinyModel } from "./tiny-model";
import { freePort, startVllm, type VllmServer } from "./vllm-server";

const installed = spawnSync(process.execPath, [join(import.meta.dirname, "install-vllm.mjs")], { encoding: "utf8" });
const bin = installed.status === 0 ? installed.stdout.trim().split("\n").at(-1)! : "";
const reason = installed.status === 0 ? "" : ` (skipped: ${installed.stderr.trim().split("\n").at(-1)})`;

describe.skipIf(bin === "")(`a real vLLM on the CPU${reason}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "warmpath-vllm-"));
  let engine: VllmServer;
  beforeAll(async () => {
    writeTinyModel(tokenizerFolder("qwen3"), join(folder, "model"));
    const ports = { http: await freePort(), events: await freePort(), replay: await freePort() };
    engine = await startVllm({
      bin,
      model: join(folder, "model"),
      servedName: "tiny",
      blockSizeTokens: 32,
      hashSeed: "0",
      ports,
    });
  });
  afterAll(async () => {
    await engine?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  it("answers", async () => {
    const r = await fetch(`${engine.url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "tiny", prompt: "hello there", max_tokens: 4 }),
    });
    expect(r.status).toBe(200);
    console.log(await r.text());
  });
});
