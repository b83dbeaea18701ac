import type { TraceRequest } from "../trace/mooncake";
import { BlockLru } from "./block-lru";
import type { OraclePolicy } from "./policies";

export interface OracleOptions {
  readonly nodes: number;
  /** Blocks a node can hold; Infinity for no limit. */
  readonly capacityBlocks: number;
  readonly policy: OraclePolicy;
}

/** What perfect knowledge of every cache would reach. */
export interface OracleResult {
  readonly hitBlocks: number;
  readonly totalBlocks: number;
  /** Largest share of work over the mean share; 1 is even. */
  readonly maxOverMeanLoad: number;
}

/** Sends a trace, in order and without time, through a policy over `nodes` caches. */
export function runOracle(trace: readonly TraceRequest[], options: OracleOptions): OracleResult {
  const { nodes, capacityBlocks, policy } = options;
  const idCount = trace.reduce((most, { blockIds }) => Math.max(most, ...blockIds), -1) + 1;
  const caches = Array.from({ length: nodes }, () => new BlockLru(capacityBlocks, idCount));
  const loads = new Float64Array(nodes);
  const depths = new Uint32Array(nodes);
  let hitBlocks = 0;
  let totalBlocks = 0;
  let totalLoad = 0;
  for (const [index, request] of trace.entries()) {
    for (let node = 0; node < nodes; node++) depths[node] = caches[node]!.prefixDepth(request.blockIds);
    const node = policy.choose({ request, index, depths, loads, meanLoad: totalLoad / nodes });
    const work = policy.work(request, depths[node]!);
    hitBlocks += depths[node]!;
    totalBlocks += request.blockIds.length;
    loads[node]! += work;
    totalLoad += work;
    caches[node]!.use(request.blockIds);
  }
  return { hitBlocks, totalBlocks, maxOverMeanLoad: (Math.max(...loads) * nodes) / totalLoad };
}
