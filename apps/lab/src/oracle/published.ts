import type { OracleRow } from "../replay/table";
import type { TraceRequest } from "../trace/mooncake";
import { runOracle } from "./oracle";
import * as policies from "./policies";

const UNLIMITED = Number.POSITIVE_INFINITY;

/** The runs whose figures are published: one cache of growing size, then policies over fleets. */
export function* publishedRuns(trace: readonly TraceRequest[]): Iterable<OracleRow> {
  const run = (nodes: number, capacityBlocks: number, policy: policies.OraclePolicy): OracleRow => ({
    policy: policy.name,
    nodes,
    capacityBlocks,
    ...runOracle(trace, { nodes, capacityBlocks, policy }),
  });
  const single = { ...policies.maxPrefix(), name: "one cache" };
  for (const capacity of [500, 600, 1000, 2000, 5000, 10_000, 20_000, 30_000, 50_000, 100_000, UNLIMITED]) {
    yield run(1, capacity, single);
  }
  for (const nodes of [4, 8, 16]) {
    yield run(nodes, UNLIMITED, policies.randomPython());
    yield run(nodes, UNLIMITED, policies.roundRobin());
    yield run(nodes, UNLIMITED, policies.maxPrefix());
    yield run(nodes, UNLIMITED, policies.prefixPlusLoad());
  }
  for (const capacity of [600, 1000, 2000, 5000, 10_000, UNLIMITED]) {
    yield run(8, capacity, policies.randomMulberry());
    yield run(8, capacity, policies.boundedPrefix());
  }
  for (const capacity of [600, 2000, UNLIMITED]) yield run(16, capacity, policies.boundedPrefix());
}
