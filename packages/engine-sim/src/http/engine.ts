import { createReplica } from "../core/replica";
import { createVllmBlocks } from "../core/vllm-blocks";
import { EngineRank } from "./engine-rank";
import { EngineRequest, type EngineRequestInput } from "./engine-request";
import type { SimulatedFailures } from "./failures";
import type { ResolvedEngineOptions } from "./options";
import { RankMetrics } from "./rank-metrics";
import type { RankPublishers } from "./rank-publisher";
import { createSampler, type Sampler } from "./sampler";
import type { EngineTokenizer } from "./tokenizer";

/** What the HTTP handlers work with: ranks, tokenizer and settings of one simulated engine. */
export interface Engine {
  readonly options: ResolvedEngineOptions;
  readonly tokenizer: EngineTokenizer;
  readonly sampler: Sampler;
  readonly ranks: readonly EngineRank[];
  readonly startedSeconds: number;
  failures: SimulatedFailures;
  /** A new id, 16 hex digits. */
  newId(): string;
  /** The rank that a request goes to when its client names none: the one with the least waiting and running. */
  leastLoadedRank(): number;
  submit(rank: number, input: EngineRequestInput): EngineRequest;
  abort(rank: number, request: EngineRequest): void;
  /** True once with the given chance. */
  happens(share: number | undefined): boolean;
}

/** A waiting request counts this many running ones, as in vLLM's own balancing between ranks. */
const WAITING_WEIGHT = 4;

/** Builds the ranks of an engine; nothing listens yet. */
export function createEngine(
  options: ResolvedEngineOptions,
  tokenizer: EngineTokenizer,
  publishers: RankPublishers | undefined,
): Engine {
  const engine: Engine = {
    options,
    tokenizer,
    sampler: createSampler(tokenizer, options.naturalOutputTokens),
    ranks: Array.from({ length: options.dataParallelSize }, (_, rank) => createRank(rank, options, publish)),
    startedSeconds: options.wallClockSeconds(),
    failures: options.failures,
    newId: () => hexDigits(options.random.next()) + hexDigits(options.random.next()),
    leastLoadedRank: () => leastLoaded(engine.ranks),
    submit(rank, input) {
      const request = new EngineRequest(input, options.clock.nowMs());
      (engine.ranks[rank] as EngineRank).submit(request);
      return request;
    },
    abort: (rank, request) => engine.ranks[rank]?.abort(request),
    happens: (share) => share !== undefined && share > 0 && options.random.next() < share,
  };
  function publish(rank: number, events: Parameters<RankPublishers["publish"]>[1]): void {
    if (!publishers) return;
    if (engine.happens(engine.failures.dropEventRate)) publishers.drop(rank, 1, false);
    publishers.publish(rank, events, options.wallClockSeconds());
  }
  return engine;
}

function createRank(
  rank: number,
  options: ResolvedEngineOptions,
  publish: (rank: number, events: never[]) => void,
): EngineRank {
  const { hashAlgorithm: algorithm, hashSeed: seed, blockSizeTokens } = options;
  const blocks = createVllmBlocks({ algorithm, seed, blockSizeTokens });
  return new EngineRank({
    replica: createReplica<EngineRequest, string>({ ...options, hashBlock: blocks.hashBlock }),
    blocks,
    clock: options.clock,
    timeScale: options.timeScale,
    metrics: new RankMetrics(options.maxModelLength),
    publish: (events) => publish(rank, events as never[]),
  });
}

function leastLoaded(ranks: readonly EngineRank[]): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, { replica }] of ranks.entries()) {
    const load = WAITING_WEIGHT * replica.waitingRequests + replica.runningRequests;
    if (load < least) [best, least] = [i, load];
  }
  return best;
}

function hexDigits(fraction: number): string {
  return Math.floor(fraction * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}
