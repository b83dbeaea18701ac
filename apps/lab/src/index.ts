// For users: replays and what they are measured against.

// For the command line.
export type { DemoOptions } from "./demo/demo";
export { runDemo } from "./demo/demo";
export type { OracleOptions, OracleResult } from "./oracle/oracle";
export { runOracle } from "./oracle/oracle";
export type { OraclePolicy, OracleView } from "./oracle/policies";
export * as oraclePolicies from "./oracle/policies";
export { publishedRuns } from "./oracle/published";
export { mulberry32, pythonRandrange } from "./oracle/random";
export type { Commands, DemoArguments, ReplayArguments } from "./program";
export { createProgram } from "./program";
export type { ReplayOptions } from "./replay/replay";
export { replay } from "./replay/replay";
export type { ReplayResult } from "./replay/replay-stats";
export type { OracleRow } from "./replay/table";
export { oracleTable, replayTable } from "./replay/table";
export type { TraceRequest } from "./trace/mooncake";
export { readMooncakeTrace, TRACE_BLOCK_TOKENS } from "./trace/mooncake";
