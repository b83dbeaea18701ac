import type {
  BlockKeys,
  Candidate,
  DataKey,
  InferenceRequest,
  SchedulingContext,
  TokenizedPrompt,
} from "@warmpath/contracts";
import { sameKey } from "./check-dependencies";

/** The context of one request. Data is a short list: a request has a handful of entries, and a list is made fastest. */
export class RequestContext implements SchedulingContext {
  readonly request: InferenceRequest;
  readonly nowMs: number;
  readonly candidates: readonly Candidate[];
  readonly prompt: TokenizedPrompt | undefined;
  keys: BlockKeys | undefined;
  readonly #names: DataKey<unknown>[] = [];
  readonly #values: unknown[] = [];

  constructor(
    request: InferenceRequest,
    nowMs: number,
    candidates: readonly Candidate[],
    prompt: TokenizedPrompt | undefined,
  ) {
    this.request = request;
    this.nowMs = nowMs;
    this.candidates = candidates;
    this.prompt = prompt;
    this.keys = undefined;
  }

  get<T>(key: DataKey<T>): T | undefined {
    const at = this.#find(key);
    return at < 0 ? undefined : (this.#values[at] as T);
  }

  set<T>(key: DataKey<T>, value: T): void {
    const at = this.#find(key);
    if (at >= 0) {
      this.#values[at] = value;
      return;
    }
    this.#names.push(key);
    this.#values.push(value);
  }

  #find(key: DataKey<unknown>): number {
    const names = this.#names;
    for (let i = 0; i < names.length; i++) if (names[i] === key || sameKey(names[i]!, key)) return i;
    return -1;
  }
}
