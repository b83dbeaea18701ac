import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ApiKind } from "@warmpath/contracts";
import { WarmpathError } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { classifyPath, createAnswerReader, parseRequest, readEngineError } from "./index";

const FILE = fileURLToPath(new URL("../../../../shared/golden/vllm/http-0.32.0.jsonl", import.meta.url));

interface Exchange {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly requestBody: string | null;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Refusals that depend on more than the fields that are read here: the engine's to give. */
const LEFT_TO_THE_ENGINE = new Set([
  "chat, tool_choice auto without parser",
  "rank header out of range",
  "error: wrong content type",
  "error: no content type",
  "error: unknown model",
  "error: too long",
  "error: max_tokens too large",
  "error: negative max_tokens",
  "error: zero max_tokens",
  "error: temperature is text",
  "error: token id out of range",
  "error: salt is empty",
  "error: salt with a slash",
  "error: salt of 129 characters",
  "error: n and temperature 0",
]);
/** A router cannot do without the model's name, though one engine with one model can. */
const REFUSED_HERE = new Set(["no model field"]);

function isRefused(api: ApiKind, body: string): boolean {
  try {
    parseRequest({ api, body: Buffer.from(body, body.includes("\\xff") ? "latin1" : "utf8"), id: "r" }).prompt();
    return false;
  } catch (error) {
    if (!WarmpathError.isInstance(error) || error.status !== 400) throw error;
    return true;
  }
}

describe.skipIf(!existsSync(FILE))("a recorded vLLM (skipped where ../shared is missing)", () => {
  const exchanges = existsSync(FILE)
    ? readFileSync(FILE, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Exchange)
    : [];
  const spoken = exchanges.filter(({ method, path }) => classifyPath(method, path).kind === "api");

  it("has exchanges of the APIs that are spoken", () => {
    expect(spoken.length).toBeGreaterThan(30);
  });

  it.each(spoken.filter(({ name }) => !LEFT_TO_THE_ENGINE.has(name)))(
    "refuses what the engine refuses: $name",
    (exchange) => {
      const api: ApiKind = exchange.path === "/v1/completions" ? "completions" : "chat";
      const refused = isRefused(api, exchange.requestBody ?? "");
      expect(refused).toBe(exchange.status !== 200 || REFUSED_HERE.has(exchange.name));
    },
  );

  it.each(spoken.filter(({ status }) => status === 200))("reads the answer that parsing reads: $name", (exchange) => {
    const stream = exchange.headers.some(
      ([name, value]) => name === "content-type" && value.startsWith("text/event-stream"),
    );
    const reader = createAnswerReader({ stream });
    const bytes = Buffer.from(exchange.body);
    for (let at = 0; at < bytes.length; at += 37) reader.push(bytes.subarray(at, at + 37));
    const events = stream
      ? exchange.body
          .split("\n\n")
          .filter((text) => text.startsWith("data: {"))
          .map((text) => JSON.parse(text.slice(6)))
      : [JSON.parse(exchange.body)];
    const usage = events.findLast((event) => event.usage)?.usage;
    expect(reader.end()).toMatchObject({ firstTokenSeen: true, done: true, error: undefined, midEvent: false });
    expect(reader.result.usage).toEqual({
      promptTokens: usage?.prompt_tokens,
      cachedTokens: usage?.prompt_tokens_details?.cached_tokens,
      outputTokens: usage?.completion_tokens,
    });
    const finished = events.flatMap((event) => event.choices).filter((choice) => choice.finish_reason);
    expect(finished.length).toBeGreaterThan(0);
    for (const { index, finish_reason } of finished) expect(reader.result.finishReasons[index]).toBe(finish_reason);
  });

  it.each(exchanges.filter(({ status }) => status >= 400))("reads the error of: $name", ({ body }) => {
    const parsed = JSON.parse(body);
    const error = readEngineError(Buffer.from(body));
    expect(error?.message).toBe(parsed.error?.message ?? parsed.detail);
    expect(error?.code).toBe(parsed.error?.code);
  });
});
