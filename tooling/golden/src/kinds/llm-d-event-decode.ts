import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { BlocksStored, KvEvent, KvEventBatch, RawExtraKeys } from "@warmpath/contracts";
import { WarmpathError } from "@warmpath/contracts";
import { decodeKvEventBatch } from "@warmpath/kv-events";
import type { CaseResult, GoldenKind } from "../kind";
import { plainEvents, readPlainBatch } from "./generic-kv-events";

interface EventDecodeCase {
  readonly name: string;
  readonly hex: string;
  readonly accepted: boolean;
  readonly events?: readonly unknown[];
  readonly reason?: string;
}

/** Payload frames and what llm-d's adapter for vLLM makes of them. */
export const llmdEventDecodeKind: GoldenKind = {
  name: "llm-d/event-decode",
  matches: (path, head) =>
    path.endsWith(".json") && (/event-decode[^/]*$/.test(path) || head.includes("payload frame as hex")),
  async *run(path) {
    const file = JSON.parse(readFileSync(path, "utf8")) as { readonly cases: readonly EventDecodeCase[] };
    for (const entry of file.cases) yield entry.accepted ? runAccepted(entry) : runRefused(entry);
  },
};

function runAccepted(entry: EventDecodeCase): CaseResult {
  const expected = { events: (entry.events ?? []).map(withoutEmpty), malformed: 0 };
  return compare(
    entry,
    expected,
    decoded(entry, (batch) => batch.events.map((event) => withoutEmpty(asLlmd(event)))),
  );
}

/** The reference refuses whole batches where we leave out single events, so an independent decoder says what is right. */
function runRefused(entry: EventDecodeCase): CaseResult {
  const truth = readPlainBatch(Buffer.from(entry.hex, "hex"));
  const expected = truth ? { events: truth.events, malformed: truth.malformed } : "malformed_event";
  return compare(entry, expected, decoded(entry, plainEvents));
}

function decoded(entry: EventDecodeCase, show: (batch: KvEventBatch) => unknown): unknown {
  try {
    const batch = decodeKvEventBatch(Buffer.from(entry.hex, "hex"));
    return { events: show(batch), malformed: batch.malformedEvents };
  } catch (error) {
    return WarmpathError.isInstance(error) ? error.code : String(error);
  }
}

/** A field that is absent, null or empty is one and the same to the reference. */
function withoutEmpty(event: unknown): unknown {
  const isEmpty = (value: unknown): boolean =>
    value === null || value === "" || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(event as object).filter(([, value]) => !isEmpty(value)));
}

function compare(entry: EventDecodeCase, expected: unknown, actual: unknown): CaseResult {
  if (isDeepStrictEqual(expected, actual)) return { name: entry.name, passed: true };
  const show = (value: unknown): string => JSON.stringify(value);
  return {
    name: entry.name,
    passed: false,
    detail: `frame ${entry.hex}\nexpected ${show(expected)}\ngot      ${show(actual)}`,
  };
}

/** An event as the recording writes it: fields of empty value and the root parent have one form only. */
function asLlmd(event: KvEvent): unknown {
  if (event.kind === "cleared") return { type: "cleared", tier: "" };
  const tier = event.medium ?? "";
  const group = event.groupIndex ?? null;
  const hashes = texts(event.blockHashes);
  return event.kind === "removed" ? { type: "removed", hashes, tier, group } : storedAsLlmd(event, hashes, tier, group);
}

function storedAsLlmd(event: BlocksStored, hashes: string[], tier: string, group: number | null): unknown {
  const parent = event.parentHash ?? { lo: 0, hi: 0 };
  return {
    type: "stored",
    hashes,
    parent: texts(Uint32Array.of(parent.lo, parent.hi))[0],
    tokens: Array.from(event.tokenIds),
    block_size: event.blockSizeTokens,
    tier,
    ...(event.loraId === undefined ? {} : { lora_id: event.loraId }),
    ...(event.loraName === undefined ? {} : { lora_name: event.loraName }),
    extra_keys: (event.extraKeys ?? []).map((keys: RawExtraKeys) => keys ?? []),
    group,
    kind: event.specKind ?? "",
  };
}

function texts(words: Uint32Array): string[] {
  return Array.from({ length: words.length / 2 }, (_, i) =>
    String((BigInt(words[2 * i + 1]!) << 32n) + BigInt(words[2 * i]!)),
  );
}
