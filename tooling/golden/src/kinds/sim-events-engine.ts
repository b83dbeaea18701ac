import { externalHash, type VllmHashAlgorithm } from "@warmpath/block-hashing";
import type { BlocksRemoved, BlocksStored, KvEvent } from "@warmpath/contracts";
import {
  createReplica,
  createVllmBlocks,
  type Replica,
  type ReplicaEvent,
  type SimulatedAdapter,
  type VllmBlocks,
  type VllmRequest,
} from "@warmpath/engine-sim";
import { type EngineEvent, encodeKvEventBatch } from "@warmpath/kv-events";
import type { RecordedBatch, RecordedLifetime } from "./sim-events-recording";
import { liveBatches } from "./sim-events-recording";

/** What a run's name says of its server. */
export interface ServerSettings {
  readonly algorithm: VllmHashAlgorithm;
  readonly seed: string | undefined;
  readonly blockSizeTokens: number;
  readonly blocks: number;
  /** Adapters by served name. Their paths enter the hashes and are not recorded. */
  readonly adapters: ReadonlyMap<string, SimulatedAdapter>;
}

/** A CPU engine's limits on one step. */
const MAX_BATCHED_TOKENS = 2048;
const MAX_SEQUENCES = 128;
const MANY_BLOCKS = 32_768;

export function readSettings(lifetime: RecordedLifetime): ServerSettings {
  const { run } = lifetime;
  const stored = lifetime.groups
    .flat()
    .flatMap(liveBatches)
    .flatMap(({ batch }) => batch.events.filter((event): event is BlocksStored => event.kind === "stored"));
  const adapters = new Map<string, SimulatedAdapter>();
  for (const { loraName, loraId } of stored) if (loraName) adapters.set(loraName, { name: loraName, id: loraId ?? 1 });
  return {
    algorithm: readAlgorithm(run),
    seed: /(?:^|-)seed([^-]*)/.exec(run)?.[1],
    blockSizeTokens: Number(/(?:^|-)bs(\d+)/.exec(run)?.[1] ?? stored[0]?.blockSizeTokens ?? 32),
    blocks: Number(/(?:^|-)(\d+)blocks/.exec(run)?.[1] ?? MANY_BLOCKS),
    adapters,
  };
}

function readAlgorithm(run: string): VllmHashAlgorithm {
  if (/xxhash[-_]cbor/.test(run)) return "xxhash_cbor";
  if (run.includes("xxhash")) return "xxhash";
  return /(^|[-_])cbor(-|$)/.test(run) ? "sha256_cbor" : "sha256";
}

/** A sequence of a recorded request: its prompt, and the output that the real model gave. */
export interface ForcedRequest extends VllmRequest {
  readonly output: readonly number[];
}

/** A replica that says what the real model said, and publishes what the simulator publishes for it. */
export class ForcedEngine {
  readonly replica: Replica<ForcedRequest, string>;
  readonly blocks: VllmBlocks;
  /** Cached tokens of finished sequences, and the step in which they finished. */
  readonly finished = new Map<ForcedRequest, { readonly cachedTokens: number; readonly order: number }>();
  /** Recorded hashes of blocks whose hash cannot be computed, since an adapter's path is not recorded. */
  readonly #learned = new Map<string, { readonly lo: number; readonly hi: number }>();

  constructor(settings: ServerSettings) {
    const { blocks, blockSizeTokens } = settings;
    this.blocks = createVllmBlocks(settings);
    this.replica = createReplica<ForcedRequest, string>({
      blocks,
      blockSizeTokens,
      maxBatchedTokens: MAX_BATCHED_TOKENS,
      maxSequences: MAX_SEQUENCES,
      hashBlock: (request, index, parent) => this.blocks.hashBlock(request, index, parent),
    });
  }

  /** Runs one step; undefined when there is nothing to do. */
  step(): readonly ReplicaEvent<ForcedRequest, string>[] | undefined {
    if (this.replica.beginStep() === undefined) return undefined;
    const { sampled, finished, events } = this.replica.endStep();
    for (const { request, outputTokens } of sampled) {
      request.tokens[request.promptTokens + outputTokens - 1] = request.output[outputTokens - 1] ?? 0;
    }
    for (const { request, cachedTokens = 0 } of finished) {
      this.finished.set(request, { cachedTokens, order: this.finished.size });
    }
    return events;
  }

  /** The bytes that the simulator publishes for a step, with the recorded time. */
  encode(events: readonly ReplicaEvent<ForcedRequest, string>[], recorded: RecordedBatch): Buffer {
    const engineEvents = this.blocks.toEngineEvents(events);
    const translated = events.map((event, i) =>
      this.#translate(event, engineEvents[i] as EngineEvent, recorded.batch.events[i]),
    );
    const batch = {
      timestampSeconds: recorded.batch.timestampSeconds,
      events: translated,
      dataParallelRank: recorded.batch.dataParallelRank,
    };
    return Buffer.from(encodeKvEventBatch(batch, { form: "map", hashes: "int" }));
  }

  /** Blocks of adapters go by the hash that the recording gave them when they were first stored. */
  #translate(event: ReplicaEvent<ForcedRequest, string>, ours: EngineEvent, theirs: KvEvent | undefined): EngineEvent {
    if (event.kind === "cleared" || ours.kind === "cleared") return ours;
    const keys = event.kind === "stored" ? event.keys : [event.key];
    if (event.kind === "stored" && event.request.adapter && theirs?.kind === "stored") this.#learn(keys, theirs);
    const parent = event.kind === "stored" ? event.parent : undefined;
    if (![...keys, parent].some((key) => key !== undefined && this.#learned.has(key))) return ours;
    const blockHashes = Uint32Array.from(keys.flatMap((key) => words(this.#hash(key))));
    if (ours.kind === "removed") return { ...ours, blockDigests: undefined, blockHashes };
    return {
      ...ours,
      blockDigests: undefined,
      blockHashes,
      parentDigest: undefined,
      parentHash: parent === undefined ? undefined : this.#hash(parent),
    };
  }

  #learn(keys: readonly string[], { blockHashes }: BlocksStored | BlocksRemoved): void {
    const taken = new Set([...this.#learned.values()].map(({ lo, hi }) => `${hi}:${lo}`));
    for (const [i, key] of keys.entries()) {
      const [lo, hi] = [blockHashes[2 * i], blockHashes[2 * i + 1]];
      if (lo === undefined || hi === undefined || this.#learned.has(key) || taken.has(`${hi}:${lo}`)) continue;
      this.#learned.set(key, { lo, hi });
    }
  }

  #hash(key: string): { readonly lo: number; readonly hi: number } {
    return this.#learned.get(key) ?? externalHash(Buffer.from(key, "latin1"));
  }
}

function words({ lo, hi }: { readonly lo: number; readonly hi: number }): [number, number] {
  return [lo, hi];
}
