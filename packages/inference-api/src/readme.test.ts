import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createAnswerReader, parseRequest, withFields } from "./index";

function example() {
  // README
  const body = Buffer.from('{"seed":9007199254740993,"model":"m","messages":[{"role":"user","content":"hi"}]}');
  const request = parseRequest({ api: "chat", body, id: "request-1" });

  request.model; // "m"
  request.value("messages"); // [{ role: "user", content: "hi" }]

  const forwarded = withFields(request, { model: '"adapter"', kv_transfer_params: undefined });

  const reader = createAnswerReader({ stream: true });
  reader.push(Buffer.from('data: {"choices":[],"usage":{"prompt_tokens":9}}\n\ndata: [DONE]\n\n'));
  const { usage, done } = reader.end();
  // README
  return { request, forwarded, usage, done };
}

describe("README", () => {
  it("shows the example that runs here", () => {
    const source = readFileSync(new URL(import.meta.url), "utf8").split("  // README\n")[1] ?? "";
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    expect(source).toContain("parseRequest");
    expect(readme).toContain(source.replace(/^ {2}/gm, ""));
  });

  it("tells what the example gives", () => {
    const { request, forwarded, usage, done } = example();
    expect(request.model).toBe("m");
    expect(request.value("messages")).toEqual([{ role: "user", content: "hi" }]);
    expect(Buffer.from(forwarded).toString()).toBe(Buffer.from(request.body).toString().replace('"m"', '"adapter"'));
    expect(usage).toEqual({ promptTokens: 9, cachedTokens: undefined, outputTokens: undefined });
    expect(done).toBe(true);
  });
});
