import {
  type Candidate,
  type CandidateExplanation,
  COST_PREDICTION,
  type Decision,
  type Endpoint,
  PREFIX_MATCH,
  TIER_COUNT,
} from "@warmpath/contracts";
import type { ProfileRun } from "./profile-run";
import type { RequestContext } from "./request-context";

/** What a decision is made of. */
export interface DecisionParts {
  readonly context: RequestContext;
  readonly run: ProfileRun;
  /** Best first. */
  readonly targets: readonly Candidate[];
  readonly degraded: readonly string[];
  readonly decideMs: number;
  /** Default: worked out from what the candidates have in cache and how they were rated. */
  readonly reason?: string | undefined;
}

/** A decision that explains itself as long as its memory is its own. */
export class LiveDecision implements Decision {
  readonly requestId: string;
  readonly model: string;
  readonly targets: readonly Endpoint[];
  readonly profile: string;
  readonly promptTokens: number | undefined;
  readonly predictedCachedTokens: number | undefined;
  readonly predictedTtftMs: number | undefined;
  readonly reason: string;
  readonly degraded: readonly string[];
  readonly decideMs: number;
  #parts: DecisionParts | undefined;
  #explanation: readonly CandidateExplanation[] | undefined;

  constructor(parts: DecisionParts) {
    const { context, run, targets } = parts;
    const target = targets[0]!;
    this.requestId = context.request.id;
    this.model = context.request.model;
    this.targets = targets.length === 1 ? [target.endpoint] : targets.map(({ endpoint }) => endpoint);
    this.profile = run.profile.name;
    this.promptTokens = context.prompt?.tokenIds.length;
    this.predictedCachedTokens = context.prompt?.exact
      ? context.get(PREFIX_MATCH)?.matchedTokens(target.endpoint.slot)
      : undefined;
    this.predictedTtftMs = context.get(COST_PREDICTION)?.ttftMs[indexOf(parts, target)];
    this.reason = parts.reason ?? reasonOf(context, run, target);
    this.degraded = parts.degraded;
    this.decideMs = parts.decideMs;
    this.#parts = parts;
  }

  explain(): readonly CandidateExplanation[] {
    this.#explanation ??= this.#parts ? explain(this.#parts) : [];
    return this.#explanation;
  }

  /** Lets go of memory that is about to be used for another request. */
  release(): void {
    this.#parts = undefined;
  }
}

/** Where the target stands among all candidates; the first pick is found without a search. */
function indexOf({ context, run }: DecisionParts, target: Candidate): number {
  const first = run.picked[0]!;
  return context.candidates[first] === target ? first : context.candidates.indexOf(target);
}

/** `only candidate`, `prefix` (the longest match won over shorter ones), `load`, or `tie`. */
function reasonOf(context: RequestContext, run: ProfileRun, target: Candidate): string {
  const { candidates, totals } = run;
  if (candidates.length === 1) return "only candidate";
  const match = context.get(PREFIX_MATCH);
  const own = match?.matchedTokens(target.endpoint.slot) ?? 0;
  let longer = false;
  let shorter = false;
  let equal = true;
  for (let i = 0; i < candidates.length; i++) {
    const other = match?.matchedTokens(candidates[i]!.endpoint.slot) ?? 0;
    if (other > own) longer = true;
    else if (other < own) shorter = true;
    if (totals[i] !== totals[0]) equal = false;
  }
  if (equal) return "tie";
  return shorter && !longer ? "prefix" : "load";
}

function explain({ context, run }: DecisionParts): readonly CandidateExplanation[] {
  const match = context.get(PREFIX_MATCH);
  const costs = context.get(COST_PREDICTION);
  return context.candidates.map((candidate, i) => {
    const { id, slot } = candidate.endpoint;
    const at = run.candidates === context.candidates ? i : run.candidates.indexOf(candidate);
    return {
      endpointId: id,
      matchedTokens: match?.matchedTokens(slot) ?? 0,
      matchedTokensByTier: Array.from({ length: TIER_COUNT }, (_, tier) => match?.matchedTokensInTier(slot, tier) ?? 0),
      predictedTtftMs: costs?.ttftMs[i],
      total: at < 0 ? undefined : run.totals[at],
      scores: at < 0 ? {} : scoresOf(run, at),
    };
  });
}

function scoresOf(run: ProfileRun, at: number): Record<string, number> {
  return Object.fromEntries(run.profile.scorers.map(({ scorer }, s) => [scorer.name, run.scores[s]?.[at] ?? 0]));
}
