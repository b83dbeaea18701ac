import { TRACE_BLOCK_TOKENS, type TraceRequest } from "../trace/mooncake";
import { mulberry32, pythonRandrange } from "./random";

/** What a policy sees: by node, the blocks it holds of this request, and the work given to it so far. */
export interface OracleView {
  readonly request: TraceRequest;
  readonly index: number;
  readonly depths: Uint32Array;
  readonly loads: Float64Array;
  readonly meanLoad: number;
}

/** A routing rule over perfect knowledge; `work` is what a request adds to its node's load. */
export interface OraclePolicy {
  readonly name: string;
  choose(view: OracleView): number;
  work(request: TraceRequest, depth: number): number;
}

const uncachedBlocks = (request: TraceRequest, depth: number): number => request.blockIds.length - depth;
const uncachedTokens = (request: TraceRequest, depth: number): number =>
  Math.max(0, request.inputTokens - depth * TRACE_BLOCK_TOKENS);

/** One node after the other. */
export function roundRobin(): OraclePolicy {
  return { name: "round-robin", choose: ({ index, loads }) => index % loads.length, work: uncachedBlocks };
}

/** CPython's `random.Random(42).randrange(nodes)`. */
export function randomPython(seed = 42): OraclePolicy {
  const randrange = pythonRandrange(seed);
  return { name: "random (python)", choose: ({ loads }) => randrange(loads.length), work: uncachedBlocks };
}

/** `floor(mulberry32(42) * nodes)`. */
export function randomMulberry(seed = 42): OraclePolicy {
  const random = mulberry32(seed);
  return { name: "random", choose: ({ loads }) => Math.floor(random.next() * loads.length), work: uncachedTokens };
}

/** The deepest match, ties to the least loaded. One block that all share sends everything to one node. */
export function maxPrefix(): OraclePolicy {
  return { name: "max-prefix", choose: (view) => deepest(view, Number.POSITIVE_INFINITY), work: uncachedBlocks };
}

/** The deepest match among nodes whose uncached tokens so far are at most 1.05 times the mean plus 65,536. */
export function boundedPrefix(): OraclePolicy {
  return {
    name: "bounded-prefix",
    choose: (view) => deepest(view, 1.05 * view.meanLoad + 65_536),
    work: uncachedTokens,
  };
}

/** The least of (blocks to compute) + (load above the mean), ties to the lowest number. */
export function prefixPlusLoad(): OraclePolicy {
  return {
    name: "prefix+load",
    choose({ request, depths, loads, meanLoad }) {
      let best = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let node = 0; node < loads.length; node++) {
        const cost = request.blockIds.length - depths[node]! + (loads[node]! - meanLoad);
        if (cost < least) {
          least = cost;
          best = node;
        }
      }
      return best;
    },
    work: uncachedBlocks,
  };
}

function deepest({ depths, loads }: OracleView, maxLoad: number): number {
  let best = -1;
  for (let node = 0; node < loads.length; node++) {
    if (loads[node]! > maxLoad) continue;
    const deeper = best < 0 || depths[node]! > depths[best]!;
    if (deeper || (depths[node] === depths[best] && loads[node]! < loads[best]!)) best = node;
  }
  return best;
}
