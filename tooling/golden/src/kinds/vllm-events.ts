import { readFileSync } from "node:fs";
import type { BlocksStored, KvEvent } from "@warmpath/contracts";
import { decodeKvEventBatch, type EngineBatch, encodeKvEventBatch } from "@warmpath/kv-events";
import type { CaseResult, GoldenKind } from "../kind";
import { expectEqual, type PlainBatch, plainEvents, readPlainBatch } from "./generic-kv-events";
import { checkResponse } from "./vllm-event-responses";
import { checkReplay } from "./vllm-replays";

/** One line of a recording: a request to a real vLLM, its answer, and the ZMQ messages that came because of it. */
export interface RecordedStep {
  readonly run: string;
  readonly scenario: string;
  readonly step: number | string;
  readonly request: unknown;
  readonly status: unknown;
  readonly response: unknown;
  /** Messages; their frames in hex. */
  readonly frames: readonly (readonly string[])[];
}

/** What is known of one server while its lines are read. */
export interface RecordedRun {
  /** Newest live sequence number. */
  last: number | undefined;
  lastSeconds: number;
  scenario: string | undefined;
  /** Topic and payload in hex, by sequence number. */
  readonly live: Map<number, readonly [topic: string, payload: string]>;
  /** Hashes stored since the last clearing; undefined where messages may be missing. */
  stored: Set<string> | undefined;
}

/** Events that a real vLLM published, beside the requests that caused them. */
export const vllmEventsKind: GoldenKind = {
  name: "vllm/events",
  matches: (path, head) =>
    path.endsWith(".jsonl") && (/(^|\/)events-[^/]*$/.test(path) || /^\{"run":.*"scenario":.*"step":/.test(head)),
  async *run(path) {
    const runs = new Map<string, RecordedRun>();
    for (const line of readFileSync(path, "utf8").split("\n")) {
      if (line.trim() !== "") yield await runStep(JSON.parse(line) as RecordedStep, runs);
    }
  },
};

async function runStep(step: RecordedStep, runs: Map<string, RecordedRun>): Promise<CaseResult> {
  const run = runs.get(step.run) ?? newRun();
  runs.set(step.run, run);
  const name = `${step.run}: ${step.scenario}: ${step.step}`;
  try {
    if (step.scenario.startsWith("replay: ") && isReplayRequest(step.request)) await checkReplay(step, run);
    else checkLive(step, run);
    return { name, passed: true };
  } catch (error) {
    return { name, passed: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function newRun(): RecordedRun {
  return { last: undefined, lastSeconds: 0, scenario: undefined, live: new Map(), stored: undefined };
}

function isReplayRequest(request: unknown): boolean {
  return typeof request === "object" && request !== null && ("start" in request || "frames" in request);
}

function checkLive(step: RecordedStep, run: RecordedRun): void {
  const events: KvEvent[] = [];
  for (const frames of step.frames) {
    const [topic, number, hex] = frames;
    if (frames.length !== 3 || topic === undefined || number?.length !== 16 || hex === undefined) {
      throw new Error(
        `a live message has three frames, topic, 8-byte number and payload; got ${JSON.stringify(frames)}`,
      );
    }
    const batch = checkPayload(hex);
    checkSequence(step, run, Number(BigInt(`0x${number}`)), batch.timestampSeconds);
    run.live.set(run.last!, [topic, hex]);
    for (const event of batch.events) noteEvent(event, run);
    events.push(...batch.events);
  }
  run.scenario = step.scenario;
  checkResponse(step, events);
}

/** Numbers rise by one. Between scenarios the recorder lets messages go, and may have met a server started anew. */
function checkSequence(step: RecordedStep, run: RecordedRun, sequence: number, seconds: number): void {
  const next = run.last === undefined ? undefined : run.last + 1;
  const lenient = step.scenario !== run.scenario || step.scenario.startsWith("busy");
  const restarted = next !== undefined && sequence < next;
  if (restarted && !(lenient && seconds > run.lastSeconds)) throw new Error(`number ${sequence} after ${run.last}`);
  if (next !== undefined && sequence > next && !lenient) throw new Error(`number ${sequence} after ${run.last}`);
  if (sequence !== next) {
    run.stored = undefined;
    if (restarted) run.live.clear();
  }
  run.last = sequence;
  run.lastSeconds = seconds;
}

/** A parent is a block that was stored before. */
function noteEvent(event: KvEvent, run: RecordedRun): void {
  if (event.kind === "cleared") run.stored = new Set();
  if (event.kind !== "stored" || run.stored === undefined) return;
  const parent = event.parentHash && `${event.parentHash.hi}:${event.parentHash.lo}`;
  if (parent !== undefined && !run.stored.has(parent)) throw new Error(`parent ${parent} was never stored`);
  const { blockHashes } = event;
  for (let i = 0; i < blockHashes.length; i += 2) run.stored.add(`${blockHashes[i + 1]}:${blockHashes[i]}`);
}

/** Decodes a payload with the production code, and holds it against an independent reading and against its own encoding. */
function checkPayload(hex: string): ReturnType<typeof decodeKvEventBatch> {
  const payload = Buffer.from(hex, "hex");
  const truth = readPlainBatch(payload);
  if (truth === undefined) throw new Error(`the payload is no batch: ${hex}`);
  const batch = decodeKvEventBatch(payload);
  expectEqual("events", truth.events, plainEvents(batch), hex);
  expectEqual("malformed events", truth.malformed, batch.malformedEvents, hex);
  expectEqual("rank", truth.rank, batch.dataParallelRank ?? null, hex);
  expectEqual("time", truth.timestampSeconds, batch.timestampSeconds, hex);
  for (const event of batch.events) if (event.kind === "stored") checkShape(event, hex);
  if (truth.maps && truth.unknownFields.length === 0 && truth.malformed === 0) checkEncoding(batch, truth, hex);
  return batch;
}

function checkShape(event: BlocksStored, hex: string): void {
  const blocks = event.blockHashes.length / 2;
  const dense = event.specKind === undefined || event.specKind.startsWith("full_attention");
  if (dense && event.tokenIds.length > 0)
    expectEqual("tokens", blocks * event.blockSizeTokens, event.tokenIds.length, hex);
  if (event.extraKeys) expectEqual("extra keys", blocks, event.extraKeys.length, hex);
}

/** What was decoded, encoded again, gives the same bytes. */
function checkEncoding(batch: EngineBatch, truth: PlainBatch, hex: string): void {
  const hashes = truth.digests.some((digests) => digests !== undefined) ? "bytes" : "int";
  const events = batch.events.map((event, i) => {
    const digests = truth.digests[i];
    if (event.kind === "cleared") return event;
    // Removals carry no locality in our vocabulary; the engine's batch does.
    const locality = truth.events[i]?.locality as string | undefined;
    const whole = { ...event, locality: locality ?? event.locality };
    return digests ? { ...whole, blockDigests: digests.blocks, parentDigest: digests.parent } : whole;
  });
  const encoded = encodeKvEventBatch({ ...batch, events } as EngineBatch, { form: "map", hashes });
  expectEqual("bytes", hex, Buffer.from(encoded).toString("hex"), hex);
}
