import OpenAI, { APIError, NotFoundError } from "openai";
import { describe, expect, it } from "vitest";
import { startEngines, startGateway } from "./harness";

const messages = [{ role: "user" as const, content: "hi" }];

describe("the openai SDK, unmodified", () => {
  it("chats, streaming and not, completes, and lists models", async () => {
    const [engine] = await startEngines(1);
    const gateway = await startGateway([engine!]);
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "test", maxRetries: 0 });
    const whole = await client.chat.completions.create({ model: "fake", messages });
    expect(whole.choices[0]?.message.content).toBe("hello");
    const parts: string[] = [];
    for await (const chunk of await client.chat.completions.create({ model: "fake", messages, stream: true })) {
      parts.push(chunk.choices[0]?.delta.content ?? "");
    }
    expect(parts).toEqual(["ééééé0", "ééééé1", "ééééé2"]);
    const models = await client.models.list();
    expect(models.data).toEqual([
      { id: "fake", object: "model", owned_by: "vllm", max_model_len: 8192, root: "/models/fake" },
    ]);
    expect(engine!.requests.map(({ path }) => path)).toEqual(["/v1/chat/completions", "/v1/chat/completions"]);
  });

  it("recognises our errors", async () => {
    const [engine] = await startEngines(1);
    const gateway = await startGateway([engine!]);
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "test", maxRetries: 0 });
    await expect(client.chat.completions.create({ model: "nope", messages })).rejects.toThrow(NotFoundError);
    Object.assign(engine!.behaviour, { events: 9, gapMs: 2, cutAfter: 2 });
    const stream = await client.chat.completions.create({ model: "fake", messages, stream: true });
    const drain = async (): Promise<void> => {
      for await (const _ of stream);
    };
    await expect(drain()).rejects.toThrow(APIError);
  });
});
