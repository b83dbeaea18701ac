import {
  type Clock,
  type Endpoint,
  type InferenceRequest,
  type Logger,
  type RequestOutcome,
  WarmpathError,
} from "@warmpath/contracts";
import { type AnswerReader, createAnswerReader, errorEvent, withoutField } from "@warmpath/inference-api";
import type { Director, ScheduledRequest } from "@warmpath/scheduling";
import type { AnswerHead } from "../http/answer-head";
import type { AnswerSink, UpstreamFailure } from "../http/answer-sink";
import type { Exchange } from "../http/exchange";
import { REQUEST_EXPLAIN } from "../http/request-fields";
import type { UpstreamConnection } from "../http/upstream-connection";
import type { UpstreamPool } from "../http/upstream-pool";
import { AnswerRelay } from "./answer-relay";
import { answerError, publicError } from "./error-answer";
import { explainLines } from "./explain-lines";
import type { ForwardMetrics } from "./forward-metrics";
import { engineRequestHead } from "./request-lines";

/** What every forwarded request shares. */
export interface ForwardContext {
  readonly director: Director;
  readonly poolOf: (endpoint: Endpoint) => UpstreamPool;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ForwardMetrics;
}

/**
 * How often a request that an engine had received, and then left unanswered, is given to another one. Requests that
 * reached no engine move on without a limit; but one that makes engines crash must not go through all of them.
 */
const MAX_REPLAYS = 1;

/** One request's way: schedule, send, move to another endpoint while nothing was answered, pass the answer on. */
export class Forward implements AnswerSink {
  readonly #context: ForwardContext;
  readonly #exchange: Exchange;
  readonly #request: InferenceRequest;
  readonly #body: Uint8Array;
  readonly #relay: AnswerRelay;
  readonly #startMs: number;
  #scheduled: ScheduledRequest | undefined;
  #target: Endpoint | undefined;
  #connection: UpstreamConnection | undefined;
  #reader: AnswerReader | undefined;
  #replays = 0;
  /** Sent again after a kept connection closed under it: the engine may have had it. */
  #resent = false;
  #secondRound = false;
  #status = 0;
  #sentMs = 0;
  #ttftMs: number | undefined;
  #over = false;

  constructor(context: ForwardContext, exchange: Exchange, request: InferenceRequest) {
    this.#context = context;
    this.#exchange = exchange;
    this.#request = request;
    this.#relay = new AnswerRelay(exchange);
    this.#startMs = context.clock.nowMs();
    this.#body = request.field("kv_transfer_params") ? withoutField(request, "kv_transfer_params") : request.body;
  }

  /** Starts on the request. Everything that follows ends in one answer, or in a client that left. */
  start(): void {
    this.#exchange.onAbort = () => this.#aborted();
    this.#exchange.onDrain = () => this.#connection?.resume();
    this.#context.metrics.begin();
    try {
      this.#schedule();
    } catch (error) {
      this.#refuse(error);
    }
  }

  onHead(head: AnswerHead): void {
    this.#status = head.status;
    if (head.status === 200) this.#reader = createAnswerReader({ stream: head.isEventStream });
    this.#relay.head(head, this.#explanation());
  }

  onBody(
    bytes: Buffer,
    start: number,
    end: number,
    payloads: readonly Uint8Array[],
    whole: boolean,
    last: boolean,
  ): void {
    if (this.#ttftMs === undefined && (payloads[0]?.length ?? 0) > 0) this.#firstByte();
    const reader = this.#reader;
    if (reader !== undefined) for (const payload of payloads) reader.push(payload);
    const flowing = this.#relay.body(bytes, start, end, payloads, whole, last);
    if (last) this.#end(this.#status >= 500 ? "failed" : "ok");
    else if (!flowing) this.#connection?.pause();
  }

  onFailure(failure: UpstreamFailure, cause: unknown): void {
    if (this.#over) return;
    if (cause !== undefined && !WarmpathError.isInstance(cause)) this.#logDefect(cause);
    if (failure === "cut") {
      this.#cut();
      return;
    }
    try {
      if (failure === "stale") this.#sendAgain();
      else this.#moveOn(failure);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** A kept connection that closed says nothing about the engine: it gets the request once more, on a new one. */
  #sendAgain(): void {
    this.#resent = true;
    this.#send(true);
  }

  /** To the next best endpoint; when all were tried, once more from the start, for one may be back by now. */
  #moveOn(failure: UpstreamFailure): void {
    const received = failure !== "unsent" || this.#resent;
    this.#resent = false;
    if (received && this.#replays++ >= MAX_REPLAYS) throw unreachable(true);
    const next = this.#scheduled?.failOver();
    if (next !== undefined) {
      const fields = { request: this.#request.id, from: this.#target?.id, to: next.id, failure };
      this.#context.logger.warn(fields, "failed over");
      this.#target = next;
      this.#send(false);
      return;
    }
    if (received || this.#secondRound) throw unreachable(received);
    this.#secondRound = true;
    this.#scheduled?.end(this.#outcome("failed"));
    this.#scheduled = undefined;
    this.#schedule();
  }

  #schedule(): void {
    const scheduled = this.#context.director.schedule(this.#request, this.#exchange.signal);
    if (scheduled instanceof Promise) this.#await(scheduled);
    else this.#dispatch(scheduled);
  }

  #await(scheduled: Promise<ScheduledRequest>): void {
    scheduled.then((value) => this.#dispatch(value)).catch((error: unknown) => this.#refuse(error));
  }

  #dispatch(scheduled: ScheduledRequest): void {
    this.#scheduled = scheduled;
    this.#target = scheduled.target;
    // The client may have left while the tokenizer was at work.
    if (this.#over) {
      scheduled.end(this.#outcome("aborted"));
      return;
    }
    this.#sentMs = this.#context.clock.nowMs();
    this.#send(false);
  }

  #send(fresh: boolean): void {
    const target = this.#target;
    if (target === undefined) throw unreachable(false);
    const pool = this.#context.poolOf(target);
    const head = engineRequestHead(this.#exchange.head, pool.authority, this.#body.length, target.dataParallelRank);
    this.#connection = pool.send(head, this.#body, this, fresh);
  }

  #explanation(): string {
    const asked = this.#exchange.head.value(REQUEST_EXPLAIN) === "1";
    if (!asked || this.#scheduled === undefined) return "";
    return explainLines(this.#scheduled.decision, this.#target?.id ?? "");
  }

  #firstByte(): void {
    this.#ttftMs = this.#context.clock.nowMs() - this.#sentMs;
    this.#context.metrics.ttftSeconds.observe(this.#ttftMs / 1000);
    this.#scheduled?.firstToken();
  }

  /** The engine left in the middle of its answer. */
  #cut(): void {
    const answer = this.#reader?.end();
    if (answer?.done) {
      this.#relay.endWhole();
      this.#end("ok");
      return;
    }
    this.#context.metrics.cutAnswers.add();
    this.#context.logger.warn({ request: this.#request.id, endpoint: this.#target?.id }, "answer cut by the engine");
    const error = new WarmpathError("upstream_cut", "The engine broke off its answer.");
    this.#relay.cutShort(errorEvent(error), answer?.midEvent ?? false);
    this.#end("failed");
  }

  #aborted(): void {
    this.#connection?.destroy();
    this.#context.metrics.clientAborts.add();
    this.#end("aborted");
  }

  /** Nothing was answered yet: the client gets an error that names no address. */
  #refuse(cause: unknown): void {
    if (this.#over) return;
    const error = publicError(cause);
    if (error.code === "internal_error") this.#logDefect(cause);
    this.#status = error.status;
    answerError(this.#exchange, error, this.#explanation());
    this.#end("failed");
  }

  #logDefect(err: unknown): void {
    this.#context.logger.error({ request: this.#request.id, err }, "a defect in the gateway");
  }

  #end(status: RequestOutcome["status"]): void {
    if (this.#over) return;
    this.#over = true;
    this.#connection = undefined;
    const { metrics } = this.#context;
    metrics.end();
    if (status !== "aborted") metrics.answered(this.#status);
    this.#reader?.end();
    const outcome = this.#outcome(status);
    metrics.durationSeconds.observe(outcome.totalMs / 1000);
    metrics.promptTokens.add(outcome.promptTokens ?? 0);
    metrics.cachedTokens.add(outcome.cachedTokens ?? 0);
    metrics.outputTokens.add(outcome.outputTokens ?? 0);
    this.#scheduled?.end(outcome);
  }

  #outcome(status: RequestOutcome["status"]): RequestOutcome {
    const usage = this.#reader?.result.usage;
    return {
      status,
      httpStatus: this.#status === 0 ? undefined : this.#status,
      ttftMs: this.#ttftMs,
      totalMs: this.#context.clock.nowMs() - this.#startMs,
      promptTokens: usage?.promptTokens,
      cachedTokens: usage?.cachedTokens,
      outputTokens: usage?.outputTokens,
    };
  }
}

function unreachable(received: boolean): WarmpathError {
  return received
    ? new WarmpathError("upstream_cut", "The engine closed the connection without an answer.")
    : new WarmpathError("upstream_unreachable", "No engine could be reached for this request.");
}
