import { type Logger, type Metrics, type TokenizedPrompt, type Tokenizer, WarmpathError } from "@warmpath/contracts";
import { describe, expect, it } from "vitest";
import { requestOf } from "../test-data";
import { createTokenizerChain } from "./tokenizer-chain";

const chat = requestOf("chat", '{"messages":[]}');
const answer: TokenizedPrompt = { tokenIds: Uint32Array.of(1), exact: true, source: "local", multimodal: [] };

function tokenizer(name: string, tokenize: Tokenizer["tokenize"]): Tokenizer {
  return { contractVersion: 1, name, tokenize };
}

const down = tokenizer("down", () => {
  throw new WarmpathError("tokenizer_unavailable", "down");
});
const rejecting = tokenizer("rejecting", () => Promise.reject(new WarmpathError("tokenizer_unavailable", "away")));
const up = tokenizer("up", () => answer);
const slow = tokenizer("slow", async () => answer);

function recorder(): { metrics: Metrics; logger: Logger; counts: Map<string, number>; lines: string[] } {
  const counts = new Map<string, number>();
  const lines: string[] = [];
  const log = (level: string) => (_fields: object, message?: string) => void lines.push(`${level}: ${message}`);
  return {
    counts,
    lines,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    metrics: {
      counter: ({ labels }) => {
        const key = `${labels?.tokenizer} ${labels?.outcome}`;
        return { add: (value = 1) => void counts.set(key, (counts.get(key) ?? 0) + value) };
      },
      gauge: () => ({ set: () => {} }),
      histogram: () => ({ observe: () => {} }),
    },
  };
}

describe("createTokenizerChain", () => {
  it("stays synchronous where the first that answers is", () => {
    expect(createTokenizerChain([down, up, slow]).tokenize(chat)).toBe(answer);
  });

  it("goes on after a rejection, and counts each step", async () => {
    const { metrics, counts } = recorder();
    const chain = createTokenizerChain([down, rejecting, slow], { metrics });
    await expect(chain.tokenize(chat)).resolves.toBe(answer);
    await chain.tokenize(chat);
    expect(Object.fromEntries(counts)).toEqual({ "down failed": 2, "rejecting failed": 2, "slow answered": 2 });
    expect(chain.name).toBe("down+rejecting+slow");
  });

  it("throws the last failure when all fail", async () => {
    expect(() => createTokenizerChain([down]).tokenize(chat)).toThrow("down");
    await expect(createTokenizerChain([down, rejecting]).tokenize(chat)).rejects.toThrow("away");
    expect(() => createTokenizerChain([]).tokenize(chat)).toThrow(
      expect.objectContaining({ code: "tokenizer_unavailable" }),
    );
  });

  it("asks nobody else after an abort", async () => {
    const controller = new AbortController();
    const aborting = tokenizer("aborting", async () => {
      controller.abort();
      throw controller.signal.reason;
    });
    await expect(createTokenizerChain([aborting, up]).tokenize(chat, controller.signal)).rejects.toBe(
      controller.signal.reason,
    );
  });

  it("passes on token ids without asking anyone", () => {
    const { metrics, counts } = recorder();
    const sent = Uint32Array.of(7);
    const request = requestOf("completions", '{"prompt":[7]}', { kind: "tokens", tokenIds: sent });
    expect(createTokenizerChain([down], { metrics }).tokenize(request)).toMatchObject({
      tokenIds: sent,
      source: "client",
    });
    expect(Object.fromEntries(counts)).toEqual({ "client answered": 1 });
  });

  it("tells once that a tokenizer stopped, and that it is back", () => {
    const { logger, lines } = recorder();
    let works = false;
    const flaky = tokenizer("flaky", () => {
      if (works) return answer;
      throw new WarmpathError("tokenizer_unavailable", "x");
    });
    const chain = createTokenizerChain([flaky, up], { logger });
    expect(chain.tokenize(chat)).toBe(answer);
    expect(chain.tokenize(chat)).toBe(answer);
    works = true;
    expect(chain.tokenize(chat)).toBe(answer);
    expect(lines).toEqual([
      "warn: the tokenizer does not answer, the next one is asked",
      "info: the tokenizer answers again",
    ]);
  });

  it("does not blame a tokenizer for a request that the engine will refuse", () => {
    const { logger, lines } = recorder();
    const refusing = tokenizer("refusing", () => {
      throw new WarmpathError("template_error", "roles must alternate");
    });
    expect(createTokenizerChain([refusing, up], { logger }).tokenize(chat)).toBe(answer);
    expect(lines).toEqual(["debug: the tokenizer refuses a request"]);
  });
});
