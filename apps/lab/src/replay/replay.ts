import { createNativeHasher } from "@warmpath/block-hashing";
import type { KvEventSource, Logger } from "@warmpath/contracts";
import { createVirtualFleet, type VirtualFleet, type VirtualRequest } from "@warmpath/engine-sim";
import { createFleet, type Fleet } from "@warmpath/fleet";
import { createKvIndex } from "@warmpath/kv-index";
import { createDirector, type Director, type ScheduledRequest } from "@warmpath/scheduling";
import { createPolicyPlugins, type PolicyName } from "@warmpath/scorers";
import { mulberry32 } from "../oracle/random";
import { TRACE_BLOCK_TOKENS, type TraceRequest } from "../trace/mooncake";
import { type ReplayResult, ReplayStats } from "./replay-stats";
import { createTraceTokenizer, TRACE_MODEL, TraceInferenceRequest } from "./trace-tokenizer";

/** Options of `replay`. */
export interface ReplayOptions {
  readonly trace: readonly TraceRequest[];
  readonly policy: PolicyName;
  readonly replicas: number;
  /** KV blocks of 512 tokens a replica holds. */
  readonly blocksPerReplica: number;
  /** Step-time profile of the simulated engines. */
  readonly profile: string;
  /** How much faster than recorded requests arrive. */
  readonly speed: number;
  /** From the end of an engine's step until the index has its events. */
  readonly eventDelayMs: number;
  /** Age that load figures can have. */
  readonly scrapeIntervalMs: number;
  readonly seed: number;
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

interface Flight extends VirtualRequest {
  readonly scheduled: ScheduledRequest;
  readonly arrivedMs: number;
}

/** Runs a trace in virtual time through the production scheduler over simulated engines. */
export function replay(options: ReplayOptions): ReplayResult {
  const stats = new ReplayStats(options.replicas, TRACE_BLOCK_TOKENS);
  const engines = createEngines(options, stats);
  const { fleet, director, sources } = createScheduler(options, engines);
  engines.onBatch = (batch, replica) => sources.sink.apply(sources.of[replica]!, batch);
  for (const [i, trace] of options.trace.entries()) {
    engines.fleet.schedule(trace.timestampMs / options.speed, () => arrive(trace, i));
  }
  engines.fleet.run();
  director.close();
  fleet.close();
  return stats.result(options.policy);

  function arrive(trace: TraceRequest, i: number): void {
    for (let replica = 0; replica < options.replicas; replica++) {
      fleet.report(sources.of[replica]!.slot, engines.fleet.load(replica));
    }
    const request = new TraceInferenceRequest(`${i}`, trace);
    const scheduled = director.schedule(request);
    if (scheduled instanceof Promise) throw new TypeError("A replay needs a scheduler that answers at once.");
    const replica = sources.of.findIndex(({ slot }) => slot === scheduled.target.slot);
    engines.fleet.submit(
      {
        promptTokens: trace.inputTokens,
        outputTokens: Math.max(1, trace.outputTokens),
        blockIds: trace.blockIds,
        scheduled,
        arrivedMs: engines.fleet.nowMs(),
      },
      replica,
    );
  }
}

interface Engines {
  readonly fleet: VirtualFleet<Flight>;
  onBatch: NonNullable<Parameters<typeof createVirtualFleet<Flight>>[0]["onEvents"]>;
}

function createEngines(options: ReplayOptions, stats: ReplayStats): Engines {
  const engines: Engines = { fleet: undefined as never, onBatch: () => undefined };
  const fleet = createVirtualFleet<Flight>({
    replicas: options.replicas,
    replica: { blocks: options.blocksPerReplica + 1, blockSizeTokens: TRACE_BLOCK_TOKENS, profile: options.profile },
    eventDelayMs: options.eventDelayMs,
    scrapeIntervalMs: options.scrapeIntervalMs,
    onEvents: (batch, replica) => engines.onBatch(batch, replica),
    onFirstToken({ request }) {
      stats.firstToken(fleet.nowMs() - request.arrivedMs);
      request.scheduled.firstToken();
    },
    onFinish({ request, cachedTokens = 0, outputTokens }, replica) {
      const { promptTokens, scheduled } = request;
      const { predictedCachedTokens } = scheduled.decision;
      stats.finish({
        replica,
        promptTokens,
        cachedTokens,
        predictedTokens: predictedCachedTokens,
        outputTokens,
        nowMs: fleet.nowMs(),
      });
      scheduled.end({
        status: "ok",
        httpStatus: 200,
        ttftMs: undefined,
        totalMs: fleet.nowMs() - request.arrivedMs,
        promptTokens,
        cachedTokens,
        outputTokens,
      });
    },
  });
  return Object.assign(engines, { fleet });
}

function createScheduler(
  options: ReplayOptions,
  engines: Engines,
): { fleet: Fleet; director: Director; sources: { of: KvEventSource[]; sink: ReturnType<typeof createKvIndex> } } {
  const clock = engines.fleet;
  const fleet = createFleet({ clock, logger: SILENT, polling: false });
  const hasher = createNativeHasher({ blockSizeTokens: TRACE_BLOCK_TOKENS });
  const index = createKvIndex({ maxBytes: 1 << 29, hasher, blockSizeTokens: TRACE_BLOCK_TOKENS, clock });
  const of = Array.from({ length: options.replicas }, (_, i) => {
    const { slot } = fleet.add({
      url: `http://engine-${i}:8000`,
      models: [TRACE_MODEL],
      ready: true,
      kvEvents: { publish: `tcp://engine-${i}:5557`, replay: undefined, topic: "" },
    });
    return { slot, rank: 0, model: TRACE_MODEL };
  });
  const random = mulberry32(options.seed);
  const director = createDirector({
    fleet,
    index,
    hasher,
    tokenizer: createTraceTokenizer(),
    clock,
    random,
    logger: SILENT,
    ...createPolicyPlugins(options.policy, { random }),
  });
  return { fleet, director, sources: { of, sink: index } };
}
