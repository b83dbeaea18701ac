import { alignRows } from "../align-rows";
import type { OracleResult } from "../oracle/oracle";
import type { ReplayResult } from "./replay-stats";

const REPLAY_COLUMNS = [
  ...["policy", "requests", "failed", "hit blocks", "hit rate", "token hits"],
  ...["TTFT p50", "p90", "p99 ms", "out tok/s", "max/mean work", "max/mean requests", "mispredicted"],
];

/** One line a policy. */
export function replayTable(results: readonly ReplayResult[]): string[] {
  return alignRows([REPLAY_COLUMNS, ...results.map(replayRow)]);
}

function replayRow(r: ReplayResult): string[] {
  return [
    r.policy,
    String(r.requests),
    String(r.failed),
    String(r.hitBlocks),
    percent(r.blockHitRate),
    percent(r.tokenHitRate),
    r.ttftP50Ms.toFixed(0),
    r.ttftP90Ms.toFixed(0),
    r.ttftP99Ms.toFixed(0),
    r.outputTokensPerSecond.toFixed(0),
    r.maxOverMeanWork.toFixed(3),
    r.maxOverMeanRequests.toFixed(3),
    String(r.mispredicted),
  ];
}

/** One row of the table of what perfect knowledge reaches. */
export interface OracleRow extends OracleResult {
  readonly policy: string;
  readonly nodes: number;
  readonly capacityBlocks: number;
}

/** One line a run. */
export function oracleTable(rows: readonly OracleRow[]): string[] {
  const cells = rows.map((row) => [
    row.policy,
    String(row.nodes),
    Number.isFinite(row.capacityBlocks) ? String(row.capacityBlocks) : "unlimited",
    String(row.hitBlocks),
    percent(row.hitBlocks / row.totalBlocks),
    row.maxOverMeanLoad.toFixed(3),
  ]);
  return alignRows([["policy", "nodes", "blocks a node", "hit blocks", "hit rate", "max/mean load"], ...cells]);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
