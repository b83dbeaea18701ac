import type { ReplicaRequest, SequenceState } from "./replica-types";

/** A request inside the replica. */
export class Sequence<R extends ReplicaRequest, K> implements SequenceState<R> {
  /** Prompt and output tokens that exist. */
  knownTokens: number;
  computedTokens = 0;
  outputTokens = 0;
  cachedTokens: number | undefined;
  preemptions = 0;
  /** Physical blocks, in prompt order. */
  blocks: number[] = [];
  /** Keys of its full blocks as far as they were needed. */
  readonly keys: K[] = [];
  /** Leading blocks that others can find. */
  registeredBlocks = 0;
  /** Tokens that the running step computes for it; 0 = not in the step. */
  scheduledTokens = 0;
  decoding = false;
  aborted = false;

  constructor(readonly request: R) {
    this.knownTokens = request.promptTokens;
  }
}
