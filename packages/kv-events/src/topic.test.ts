import { describe, expect, it } from "vitest";
import { formatKvTopic, parseKvTopic } from "./topic";

describe("parseKvTopic", () => {
  it.each([
    ["kv@10.0.0.4:8000@meta-llama/Llama-3.1-8B", "10.0.0.4:8000", "meta-llama/Llama-3.1-8B"],
    ["kv@pod-a@tiny", "pod-a", "tiny"],
    ["kv@pod@org/model@v2", "pod", "org/model@v2"],
    ["kv@@", "", ""],
    ["kv@pod", "kv@pod", ""],
    ["other@pod@model", "other@pod@model", ""],
    ["", "", ""],
  ])("%s", (topic, pod, model) => {
    expect(parseKvTopic(topic)).toEqual({ pod, model });
  });
});

describe("formatKvTopic", () => {
  it("writes what parseKvTopic reads", () => {
    const topic = { pod: "10.0.0.4:8000", model: "a@b" };
    expect(formatKvTopic(topic)).toBe("kv@10.0.0.4:8000@a@b");
    expect(parseKvTopic(formatKvTopic(topic))).toEqual(topic);
  });
});
