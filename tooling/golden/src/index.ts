export type { CaseResult, GoldenKind } from "./kind";
export { runGolden } from "./run";
