import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CaseResult } from "../kind";
import { llmdEventDecodeKind } from "./llm-d-event-decode";
import { vllmEventsKind } from "./vllm-events";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "golden-events-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function results(kind: typeof vllmEventsKind, name: string, content: string): Promise<CaseResult[]> {
  const path = join(folder, name);
  writeFileSync(path, content);
  expect(kind.matches(path, content.slice(0, 4096))).toBe(true);
  const all: CaseResult[] = [];
  for await (const result of kind.run(path)) all.push(result);
  return all;
}

/** A batch of vLLM's map form: two blocks of 4 tokens, stored by a prompt of 9. */
const PAYLOAD =
  "93cb41d954fc40200000918ba474797065ab426c6f636b53746f726564ac626c6f636b5f68617368657392cf1e0b2e028ef071cbcfefad121d154ab2d6b1706172656e745f626c6f636b5f68617368c0a9746f6b656e5f696473980102030405060708aa626c6f636b5f73697a6504a76c6f72615f6964c0a66d656469756da3475055a96c6f72615f6e616d65c0aa65787472615f6b65797392c0c0a967726f75705f69647800b26b765f63616368655f737065635f6b696e64ae66756c6c5f617474656e74696f6e00";
const PROMPT = [1, 2, 3, 4, 5, 6, 7, 8, 9];

interface Line {
  readonly number?: number;
  readonly payload?: string;
  readonly prompt?: readonly number[];
  readonly cached?: number;
}

function line({ number = 0, payload = PAYLOAD, prompt = PROMPT, cached = 0 }: Line): string {
  const sequence = number.toString(16).padStart(16, "0");
  return JSON.stringify({
    run: "r",
    scenario: "s",
    step: number,
    request: { method: "POST", path: "/v1/completions", body: { model: "m", prompt } },
    status: 200,
    response: {
      choices: [{ token_ids: [77], prompt_token_ids: prompt }],
      usage: { prompt_tokens: prompt.length, prompt_tokens_details: { cached_tokens: cached } },
    },
    frames: [["", sequence, payload]],
  });
}

describe("vllmEventsKind", () => {
  it("passes a recording that is consistent", async () => {
    const all = await results(vllmEventsKind, "events-9.9.jsonl", `${line({ number: 0 })}\n${line({ number: 1 })}\n`);
    expect(all.map(({ passed, detail }) => ({ passed, detail }))).toEqual([{ passed: true }, { passed: true }]);
  });

  it.each<[string, Line]>([
    ["a number that is skipped", { number: 2 }],
    ["a payload that is cut", { number: 1, payload: PAYLOAD.slice(0, -2) }],
    [
      "a form that is not the engine's shortest",
      { number: 1, payload: PAYLOAD.replace("aa626c6f636b5f73697a6504", "aa626c6f636b5f73697a65cc04") },
    ],
    ["tokens that are not the prompt's", { number: 1, prompt: [...PROMPT].reverse() }],
    ["more blocks than were computed", { number: 1, cached: 4 }],
    ["more cached tokens than can be", { number: 1, cached: 12 }],
    ["fewer tokens than blocks", { number: 1, payload: PAYLOAD.replace("980102030405060708", "9701020304050607") }],
  ])("fails %s", async (_name, wrong) => {
    const [first, second] = await results(vllmEventsKind, "moved.jsonl", `${line({})}\n${line(wrong)}`);
    expect(first?.passed).toBe(true);
    expect(second?.passed).toBe(false);
    expect(second?.detail).not.toBe("");
  });

  it("compares replays with those of the production publisher", async () => {
    const replay = (messages: readonly (readonly string[])[]): string =>
      JSON.stringify({
        run: "r",
        scenario: "replay: DEALER",
        step: "from 0",
        request: { start: 0 },
        status: null,
        response: { messages: messages.length },
        frames: messages,
      });
    const batch = ["", "", "0000000000000000", PAYLOAD];
    const end = ["", "", "ffffffffffffffff", ""];
    const right = await results(vllmEventsKind, "events-a.jsonl", `${line({})}\n${replay([batch, end])}`);
    expect(right.map(({ passed }) => passed)).toEqual([true, true]);
    const wrong = await results(vllmEventsKind, "events-b.jsonl", `${line({})}\n${replay([end])}`);
    expect(wrong.map(({ passed }) => passed)).toEqual([true, false]);
  });
});

describe("llmdEventDecodeKind", () => {
  it("passes right cases, and what only the reference refuses; fails wrong ones", async () => {
    const cleared = "93cb41d954fc402000009191b0416c6c426c6f636b73436c656172656400";
    const cases = [
      { name: "right", hex: cleared, accepted: true, events: [{ type: "cleared", tier: "" }] },
      { name: "wrong", hex: cleared, accepted: true, events: [{ type: "removed", hashes: ["1"], tier: "" }] },
      { name: "narrow", hex: "93cb41d954fc402000009192ac426c6f636b52656d6f76656491cc2a00", accepted: false },
      { name: "no msgpack", hex: "93c1", accepted: false },
      { name: "refused by us", hex: "93c1", accepted: true, events: [] },
    ];
    const all = await results(llmdEventDecodeKind, "event-decode.json", JSON.stringify({ cases }));
    expect(all.map(({ name, passed }) => [name, passed])).toEqual([
      ["right", true],
      ["wrong", false],
      ["narrow", true],
      ["no msgpack", true],
      ["refused by us", false],
    ]);
  });
});
