import { describe, expect, it } from "vitest";
import { classifyPath } from "./index";

describe("classifyPath", () => {
  it.each([
    ["POST", "/v1/chat/completions", { kind: "api", api: "chat" }],
    ["POST", "/v1/completions?x=1", { kind: "api", api: "completions" }],
    ["GET", "/v1/models", { kind: "known-other", name: "models" }],
    ["GET", "/v1/models/org/name", { kind: "known-other", name: "models" }],
    ["HEAD", "/metrics", { kind: "known-other", name: "metrics" }],
    ["POST", "/v1/messages/count_tokens", { kind: "known-other", name: "messages" }],
    ["POST", "/v1/responses/resp_1/cancel", { kind: "known-other", name: "responses" }],
    ["DELETE", "/v1/responses/resp_1", { kind: "known-other", name: "responses" }],
    ["POST", "/v1/chat/completions/render", { kind: "known-other", name: "render" }],
    ["GET", "/v1/chat/completions", { kind: "method-not-allowed", allow: ["POST"] }],
    ["DELETE", "/health", { kind: "method-not-allowed", allow: ["GET", "HEAD"] }],
    ["POST", "/v1/nothing", { kind: "unknown" }],
    ["POST", "/V1/chat/completions", { kind: "unknown" }],
    ["POST", "/v1/chat/completions/", { kind: "unknown" }],
    ["GET", "/", { kind: "unknown" }],
    ["GET", "", { kind: "unknown" }],
    ["GET", "constructor", { kind: "unknown" }],
  ])("%s %s", (method, path, expected) => {
    expect(classifyPath(method, path)).toEqual(expected);
  });
});
