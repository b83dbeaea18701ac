import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { CaseResult } from "../kind";
import { clientRequestsKind } from "./client-requests";

const FILE = fileURLToPath(new URL("../../../../../shared/golden/clients/requests.jsonl", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "client-requests-"));
afterAll(() => rmSync(folder, { recursive: true }));

const REQUEST = { client: "c", version: "1", scenario: "s", step: 1, method: "POST", path: "/v1/completions" };

async function run(path: string): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for await (const result of clientRequestsKind.run(path)) results.push(result);
  return results;
}

async function runOne(fields: object): Promise<CaseResult> {
  const path = join(folder, "one.jsonl");
  writeFileSync(path, `${JSON.stringify({ ...REQUEST, ...fields })}\n`);
  const [result] = await run(path);
  if (!result) throw new Error("no case");
  return result;
}

describe("clientRequestsKind", () => {
  it("knows its files by what is in them", () => {
    const head = JSON.stringify({ ...REQUEST, body: "" });
    expect(clientRequestsKind.matches("/anywhere/hidden.jsonl", head)).toBe(true);
    expect(clientRequestsKind.matches("/anywhere/hidden.json", head)).toBe(false);
    expect(clientRequestsKind.matches("/clients/http.jsonl", '{"run":"r","name":"n","method":"GET"}')).toBe(false);
  });

  it.each([
    ["a request with equal keys", { body: '{"model":"a","prompt":"x","model":"b","stream":true}' }],
    ["a body that is not JSON and is refused as such", { body: '{"model":' }],
    ["a body without a prompt", { body: '{"model":"a"}' }],
    [
      "a chat with parts and media",
      {
        path: "/v1/chat/completions",
        body: '{"messages":[{"role":"user","content":[{"type":"text","text":"\\u00e9"},{"type":"image_url"}]}],"model":"m"}',
      },
    ],
    ["a poll", { method: "HEAD", path: "/metrics", body: "" }],
    ["an API that is not spoken", { path: "/v1/messages", body: '{"model":"m"}' }],
  ])("passes %s", async (_what, fields) => {
    expect(await runOne(fields)).toMatchObject({ passed: true });
  });

  it.each([
    ["an unknown path", { path: "/v2/unheard" }],
    ["a wrong method", { method: "GET" }],
    ["a request that has all and is refused", { body: '{"model":"a","prompt":"x","stream":"perhaps"}' }],
  ])("fails %s and says why", async (_what, fields) => {
    const result = await runOne(fields);
    expect(result.passed).toBe(false);
    expect(result.detail).toContain("expected");
  });

  it.skipIf(!existsSync(FILE))("passes every recorded request (skipped where ../shared is missing)", async () => {
    const results = await run(FILE);
    expect(results.length).toBe(162);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
  });
});
