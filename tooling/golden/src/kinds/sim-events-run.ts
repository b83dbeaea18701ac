import { encodeKvEventBatch } from "@warmpath/kv-events";
import type { CaseResult } from "../kind";
import { ForcedEngine, type ForcedRequest, type ServerSettings } from "./sim-events-engine";
import { liveBatches, type RecordedAnswer, type RecordedBatch, type RecordedLine } from "./sim-events-recording";
import { type ForcedBody, forceBody } from "./sim-events-requests";

/** What passes from one group of lines to the next: the reset between them is told with the next group's first step. */
export interface Carried {
  readonly sequence: number;
  readonly pendingClears: number;
}

/** When the sequences of one line arrive: which one, and how many steps after the one before. */
interface Arrival {
  readonly index: number;
  readonly gap: number;
}

/** Steps that a request may arrive later than the one before, where they were sent at once. */
const MOST_GAP = 4;
/** No recorded request runs longer than this. */
const MOST_STEPS = 20_000;

class Mismatch extends Error {
  constructor(
    message: string,
    /** Steps of the line that had ended before. */
    readonly step: number,
  ) {
    super(message);
  }
}

/** The lines between two resets, run from an empty cache. */
export class GroupRun {
  readonly #settings: ServerSettings;
  readonly #lines: readonly RecordedLine[];
  readonly #start: Carried;
  /** Arrivals that explained the recording, by line. */
  readonly #arrivals = new Map<number, readonly Arrival[]>();
  #state: GroupState;

  constructor(settings: ServerSettings, lines: readonly RecordedLine[], carried: Carried) {
    this.#settings = settings;
    this.#lines = lines;
    this.#start = carried;
    this.#state = this.#fresh();
  }

  *results(): Generator<CaseResult> {
    for (const [at, line] of this.#lines.entries()) {
      const name = `${line.run}: ${line.scenario}: ${line.step}`;
      try {
        if (!this.#runLine(at)) continue;
        yield { name, passed: true };
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        yield { name, passed: false, detail: `request ${JSON.stringify(line.request)}\n${error.message}` };
        this.#state.resume(liveBatches(line));
      }
    }
  }

  carried(): Carried {
    return { sequence: this.#state.sequence, pendingClears: this.#state.pendingClears() };
  }

  #fresh(): GroupState {
    return new GroupState(this.#settings, this.#lines, this.#start);
  }

  /** False for lines that say nothing about the simulator. */
  #runLine(at: number): boolean {
    const line = this.#lines[at] as RecordedLine;
    const count = this.#state.sequencesOf(line);
    if (count < 2) return this.#state.run(at, [{ index: 0, gap: 0 }]);
    const found = this.#search(at, count);
    this.#arrivals.set(at, found);
    return true;
  }

  /** Tries arrivals, few and short waits first, and gives up a beginning as soon as it contradicts the recording. */
  #search(at: number, count: number): readonly Arrival[] {
    let closest: Mismatch | undefined;
    const extend = (arrivals: readonly Arrival[], atStep: number): readonly Arrival[] | undefined => {
      const mismatch = arrivals.length === 0 ? undefined : this.#try(at, arrivals, arrivals.length < count);
      if (mismatch && (!closest || mismatch.step >= closest.step)) closest = mismatch;
      if (arrivals.length === count) return mismatch ? undefined : arrivals;
      if (mismatch && mismatch.step < atStep) return undefined;
      for (const next of this.#nextArrivals(at, arrivals, count)) {
        const found = extend([...arrivals, next], atStep + next.gap);
        if (found) return found;
      }
      return undefined;
    };
    const found = extend([], 0);
    if (found) return found;
    throw closest ?? new Mismatch("nothing explains the recording", 0);
  }

  #nextArrivals(at: number, arrivals: readonly Arrival[], count: number): Arrival[] {
    const line = this.#lines[at] as RecordedLine;
    const used = new Set(arrivals.map(({ index }) => index));
    const left = Array.from({ length: count }, (_, i) => i).filter((i) => !used.has(i));
    // Samples and prompts of one body come in their order; bodies of their own in any.
    const next = line.request?.bodies ? left : left.slice(0, 1);
    const gaps = arrivals.length === 0 ? [0] : Array.from({ length: MOST_GAP + 1 }, (_, gap) => gap);
    return gaps.flatMap((gap) => next.map((index) => ({ index, gap })));
  }

  /** Runs the group up to a line again, and the line with the given arrivals; the contradiction, or undefined. */
  #try(at: number, arrivals: readonly Arrival[], partial: boolean): Mismatch | undefined {
    this.#state = this.#fresh();
    for (let i = 0; i < at; i++) {
      try {
        this.#state.run(i, this.#arrivals.get(i) ?? [{ index: 0, gap: 0 }]);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        this.#state.resume(liveBatches(this.#lines[i] as RecordedLine));
      }
    }
    try {
      this.#state.run(at, arrivals, partial);
      return undefined;
    } catch (error) {
      if (error instanceof Mismatch) return error;
      throw error;
    }
  }
}

/** The engine while a group runs. */
class GroupState {
  sequence: number;
  readonly #engine: ForcedEngine;
  readonly #settings: ServerSettings;
  readonly #lines: readonly RecordedLine[];
  /** Sequences of streams that the client left open. */
  #openRequests: ForcedRequest[] = [];
  #clears = 0;
  /** The line's request names a session, which the engine's store events then carry and ours do not. */
  #hasSession = false;

  constructor(settings: ServerSettings, lines: readonly RecordedLine[], carried: Carried) {
    this.#settings = settings;
    this.#lines = lines;
    this.sequence = carried.sequence;
    this.#engine = new ForcedEngine(settings);
    // The recorder resets before each group; resets without a step between them are all told.
    for (let i = 0; i <= carried.pendingClears; i++) this.#reset();
  }

  pendingClears(): number {
    return this.#clears;
  }

  /** After a contradiction: go on with what the recording says next. */
  resume(recorded: readonly RecordedBatch[]): void {
    for (let i = 0; i < MOST_STEPS && this.#openRequests.length === 0; i++) if (!this.#engine.step()) break;
    this.#clears = 0;
    const last = recorded.at(-1);
    if (last) this.sequence = last.sequence + 1;
  }

  /** Sequences that a line sends at once. */
  sequencesOf(line: RecordedLine): number {
    return this.#bodiesOf(line)?.reduce((sum, body) => sum + body.requests.length, 0) ?? 0;
  }

  run(at: number, arrivals: readonly Arrival[], partial = false): boolean {
    const line = this.#lines[at] as RecordedLine;
    const recorded = liveBatches(line);
    const bodies = this.#bodiesOf(line);
    this.#hasSession = /"(x-)?session[-_]id"/i.test(JSON.stringify(line.request));
    if (bodies) {
      this.#generate(bodies, arrivals, recorded, partial);
      return true;
    }
    if (line.request?.path?.startsWith("/reset_prefix_cache")) {
      this.#checkReset(line, recorded);
      return true;
    }
    if (line.request === null && this.#openRequests.length > 0) {
      this.#hangUp(at, recorded);
      return true;
    }
    if (line.request?.path && recorded.length > 0) throw new Mismatch("the simulator publishes nothing for this", 0);
    return line.request?.path !== undefined;
  }

  #bodiesOf(line: RecordedLine): ForcedBody[] | undefined {
    const { request } = line;
    if (!request?.path || !/^\/v1\/(chat\/)?completions$/.test(request.path)) return undefined;
    const bodies = request.bodies ?? (request.body ? [request.body] : []);
    const answers = (request.bodies ? line.response : [line.response]) as readonly RecordedAnswer[];
    const statuses = (Array.isArray(line.status) ? line.status : [line.status]) as readonly number[];
    if (statuses.some((status) => status !== 200)) return undefined;
    return bodies.map((body, i) => forceBody(body, answers[i] ?? {}, this.#engine, this.#settings, this.#lines));
  }

  #generate(
    bodies: readonly ForcedBody[],
    arrivals: readonly Arrival[],
    recorded: readonly RecordedBatch[],
    partial: boolean,
  ): void {
    const requests = bodies.flatMap((body) => body.requests);
    const staysOpen = bodies.some(({ answer }) => answer.note !== undefined);
    const expected = [...recorded];
    let arrived = 0;
    let dueStep = arrivals[0]?.gap ?? 0;
    for (let step = 0; step < MOST_STEPS; step++) {
      while (arrived < arrivals.length && dueStep <= step) {
        this.#engine.replica.submit(requests[arrivals[arrived]?.index as number] as ForcedRequest);
        dueStep += arrivals[++arrived]?.gap ?? 0;
      }
      if (staysOpen && expected.length === 0) break;
      if (!this.#step(expected, step) && arrived === arrivals.length) break;
    }
    if (staysOpen) this.#openRequests.push(...requests);
    if (partial) return;
    if (expected.length > 0)
      throw new Mismatch(`expected ${describe(expected[0] as RecordedBatch)}\ngot nothing`, MOST_STEPS);
    if (!staysOpen) for (const body of bodies) this.#checkUsage(body);
  }

  /** One step, and the batch that it publishes. False when there was nothing to do. */
  #step(expected: RecordedBatch[], step: number, skipUnrecorded = false): boolean {
    const events = this.#engine.step();
    if (!events) return false;
    if (events.length === 0) return true;
    this.#clears = 0;
    const sequence = this.sequence++;
    const recorded = expected[0];
    if (skipUnrecorded && (!recorded || recorded.sequence > sequence)) return true;
    if (!recorded)
      throw new Mismatch(`expected nothing\ngot batch ${sequence}: ${JSON.stringify(kindsOf(events))}`, step);
    expected.shift();
    const actual = this.#engine.encode(events, recorded);
    const same = actual.equals(recorded.payload) || (this.#hasSession && actual.equals(encodeKnown(recorded)));
    if (same && sequence === recorded.sequence) return true;
    const got = `got      ${describe({ ...recorded, sequence, payload: actual })}`;
    throw new Mismatch(`expected ${describe(recorded)}\n${got}`, step);
  }

  #checkUsage({ reported, answer }: ForcedBody): void {
    const usage = answer.usage ?? usageOfStream(answer.sse);
    if (!usage) return;
    const ends = reported.map((request) => this.#engine.finished.get(request));
    const last = ends.reduce((a, b) => ((b?.order ?? -1) > (a?.order ?? -1) ? b : a));
    const expected = usage.prompt_tokens_details?.cached_tokens;
    if (expected !== undefined && last?.cachedTokens !== expected) {
      throw new Mismatch(`expected cached_tokens ${expected}\ngot cached_tokens ${last?.cachedTokens}`, MOST_STEPS);
    }
  }

  #checkReset(line: RecordedLine, recorded: readonly RecordedBatch[]): void {
    const success = this.#reset();
    const expected = (line.response as RecordedAnswer).success;
    if (success !== expected) throw new Mismatch(`expected success ${expected}\ngot success ${success}`, 0);
    this.#runOpen([...recorded], (left) => left.length > 0);
  }

  #reset(): boolean {
    const success = this.#engine.replica.resetPrefixCache();
    if (success) this.#clears++;
    return success;
  }

  /** The client of an open stream leaves, after as many batches as the next recorded number tells. */
  #hangUp(at: number, recorded: readonly RecordedBatch[]): void {
    this.#runOpen([...recorded], (left) => left.length > 0);
    const next = this.#lines.slice(at + 1).flatMap(liveBatches)[0];
    if (next) this.#runOpen([], () => this.sequence < next.sequence);
    for (const request of this.#openRequests) this.#engine.replica.abort(request);
    this.#openRequests = [];
  }

  #runOpen(expected: RecordedBatch[], more: (expected: readonly RecordedBatch[]) => boolean): void {
    for (let step = 0; step < MOST_STEPS && more(expected); step++) if (!this.#step(expected, step, true)) break;
    if (expected.length > 0)
      throw new Mismatch(`expected ${describe(expected[0] as RecordedBatch)}\ngot nothing`, MOST_STEPS);
  }
}

/** A recorded batch without fields that we have no place for. */
function encodeKnown({ batch }: RecordedBatch): Uint8Array {
  return encodeKvEventBatch(batch, { form: "map", hashes: "int" });
}

function usageOfStream(sse: string | undefined): RecordedAnswer["usage"] {
  const last = sse?.split("\n\n").findLast((frame) => frame.startsWith("data: {") && frame.includes('"choices":[]'));
  return last === undefined ? undefined : (JSON.parse(last.slice("data: ".length)) as RecordedAnswer).usage;
}

function kindsOf(events: readonly { readonly kind: string }[]): string[] {
  return events.map(({ kind }) => kind);
}

function describe({ sequence, payload }: RecordedBatch): string {
  return `batch ${sequence}: ${payload.toString("hex")}`;
}
