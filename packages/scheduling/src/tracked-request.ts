import {
  type Candidate,
  type Decision,
  type Endpoint,
  PREFIX_MATCH,
  type RequestOutcome,
  type SchedulingContext,
} from "@warmpath/contracts";
import type { Booking, Fleet } from "@warmpath/fleet";
import { LiveDecision } from "./decision";
import type { ProfileRun } from "./profile-run";
import type { RequestContext } from "./request-context";
import type { Scratch } from "./scratch";
import type { ScheduledRequest } from "./types";

/** What a request needs of its director. */
export interface RequestHost {
  readonly fleet: Fleet;
  bookBlocks(context: RequestContext, endpoint: Endpoint): void;
  dispatched(context: SchedulingContext, decision: Decision): void;
  failedOver(decision: Decision): void;
  firstToken(context: SchedulingContext, decision: Decision): void;
  ended(context: SchedulingContext, decision: Decision, outcome: RequestOutcome): void;
  release(scratch: Scratch): void;
}

export interface RequestParts {
  readonly host: RequestHost;
  readonly context: RequestContext;
  readonly run: ProfileRun;
  readonly scratch: Scratch;
  readonly degraded: readonly string[];
  readonly decideMs: number;
}

/** Bytes that stand for one token where nothing counted the tokens. */
const BYTES_PER_TOKEN = 4;

/** One request from its pick to its end. Books in its constructor, in the turn in which it was picked. */
export class TrackedRequest implements ScheduledRequest {
  readonly context: RequestContext;
  readonly #parts: RequestParts;
  /** Picked ones first; once a fail-over needs them, the others by falling total. */
  #order: readonly Candidate[];
  #tried = 1;
  #ranked = false;
  #decision: LiveDecision;
  #booking: Booking;
  #firstTokenSeen = false;
  #ended = false;

  constructor(parts: RequestParts) {
    const { context, run, degraded, decideMs } = parts;
    this.#parts = parts;
    this.context = context;
    this.#order = run.picked.map((i) => run.candidates[i]!);
    this.#decision = new LiveDecision({ context, run, targets: this.#order, degraded, decideMs });
    this.#booking = this.#book();
  }

  get decision(): Decision {
    return this.#decision;
  }

  get target(): Endpoint {
    return this.#decision.targets[0]!;
  }

  failOver(): Endpoint | undefined {
    const { host, context, run, degraded, decideMs } = this.#parts;
    if (this.#ended) return undefined;
    this.#booking.end();
    host.fleet.markFailed(this.target.slot);
    const targets = this.#untried();
    if (targets.length === 0) return undefined;
    this.#tried = this.#order.indexOf(targets[0]!) + 1;
    this.#decision = new LiveDecision({ context, run, targets, degraded, decideMs, reason: "fail-over" });
    this.#booking = this.#book();
    host.failedOver(this.#decision);
    return this.target;
  }

  firstToken(): void {
    if (this.#firstTokenSeen || this.#ended) return;
    this.#firstTokenSeen = true;
    this.#booking.firstToken();
    this.#parts.host.fleet.markGood(this.target.slot);
    this.#parts.host.firstToken(this.context, this.#decision);
  }

  end(outcome: RequestOutcome): void {
    if (this.#ended) return;
    const { host, scratch } = this.#parts;
    this.#ended = true;
    this.#booking.end();
    host.ended(this.context, this.#decision, outcome);
    this.#decision.release();
    this.context.keys = undefined;
    host.release(scratch);
  }

  #book(): Booking {
    const { host, context } = this.#parts;
    const { slot } = this.target;
    const contextTokens = context.prompt?.tokenIds.length ?? Math.ceil(context.request.body.length / BYTES_PER_TOKEN);
    const matched = context.get(PREFIX_MATCH)?.matchedTokens(slot) ?? 0;
    const booking = host.fleet.book(slot, { prefillTokens: contextTokens - matched, contextTokens });
    host.bookBlocks(context, this.target);
    host.dispatched(context, this.#decision);
    return booking;
  }

  /** Those after the ones tried that the fleet still has; fit ones alone where there are any. */
  #untried(): readonly Candidate[] {
    const { host, context, run } = this.#parts;
    if (!this.#ranked) {
      this.#ranked = true;
      const rest = run.candidates.map((_, i) => i).filter((i) => !run.picked.includes(i));
      rest.sort((a, b) => run.totals[b]! - run.totals[a]!);
      this.#order = [...this.#order, ...rest.map((i) => run.candidates[i]!)];
    }
    const left = this.#order
      .slice(this.#tried)
      .filter((candidate) => host.fleet.at(candidate.endpoint.slot) === candidate);
    const fit = host.fleet.candidatesFor(context.request.model);
    const sound = left.filter((candidate) => fit.includes(candidate));
    return sound.length > 0 ? sound : left;
  }
}
