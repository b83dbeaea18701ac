import { kinds } from "./kinds/index";
import { type GoldenSums, runKinds } from "./run";

export type { CaseResult, GoldenKind } from "./kind";
export type { GoldenSums } from "./run";

/** Runs every recording under `paths` against every kind that some room can run. */
export function runGolden(paths: readonly string[], print: (line: string) => void): Promise<GoldenSums> {
  return runKinds(paths, kinds, print);
}
