/** One recorded case after it was run. */
export interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  /** For a failed case: input, expected and actual, in full. */
  readonly detail?: string;
}

/** A format of recorded truth, and how the production code is run against it. */
export interface GoldenKind {
  /** As it stands in the report, for example `vllm/hashes`. */
  readonly name: string;
  /** True when `path` (absolute, forward slashes) is a file of this kind, by its name, folder or content. */
  matches(path: string, head: string): boolean;
  /** Runs every case of the file. */
  run(path: string): AsyncIterable<CaseResult>;
}
