import type { KvEventSource, Tier } from "@warmpath/contracts";
import { TIER_COUNT } from "@warmpath/contracts";

/** One name space of engine hashes: an endpoint's rank, its base model and one KV cache group. */
export interface Source {
  /** Number that engine blocks carry; a new one after a reset. 1 to 65,535. */
  readonly id: number;
  readonly slot: number;
  readonly rank: number;
  readonly model: string;
  readonly group: number;
  /** Holder by tier; -1 before the first block there. */
  readonly holders: Int32Array;
  /** Copies in GPU memory count only in blocks of this epoch, modulo 256. */
  epoch: number;
  /** The source has a medium that is cleared together with the GPU's. */
  clearedWhole: boolean;
}

/** Highest source number. */
export const MAX_SOURCES = 65535;

/** Who sends events, by endpoint. Numbers of ended sources return when a sweep has passed over all engine blocks. */
export class Sources {
  readonly #bySlot: Source[][] = [];
  readonly #byId: (Source | undefined)[] = [undefined];
  readonly #free: number[] = [];
  #ended: number[] = [];
  #sweeping: number[] = [];
  #last: Source | undefined;

  find(source: KvEventSource, group: number): Source | undefined {
    const last = this.#last;
    if (last !== undefined && isOf(last, source) && last.group === group) return last;
    const found = this.#bySlot[source.slot]?.find((one) => isOf(one, source) && one.group === group);
    this.#last = found;
    return found;
  }

  /** The source, made where it is new; undefined when there are too many. */
  open(source: KvEventSource, group: number): Source | undefined {
    const known = this.find(source, group);
    if (known !== undefined) return known;
    const id = this.#free.pop() ?? this.#byId.length;
    if (id > MAX_SOURCES) return undefined;
    const { slot, rank, model } = source;
    const holders = new Int32Array(TIER_COUNT).fill(-1);
    const made = { id, slot, rank, model, group, holders, epoch: 0, clearedWhole: false };
    this.#byId[id] = made;
    const ofSlot = this.#bySlot[slot] ?? [];
    this.#bySlot[slot] = ofSlot;
    ofSlot.push(made);
    return made;
  }

  /** The source with this number; undefined when it has ended. */
  byId(id: number): Source | undefined {
    return this.#byId[id];
  }

  ofSlot(slot: number): readonly Source[] {
    return this.#bySlot[slot] ?? [];
  }

  /** All groups of one publisher. */
  of(source: KvEventSource): readonly Source[] {
    return this.ofSlot(source.slot).filter((one) => isOf(one, source));
  }

  /** Its engine blocks are void from now on. */
  end(source: Source): void {
    this.#last = undefined;
    this.#byId[source.id] = undefined;
    this.#ended.push(source.id);
    const ofSlot = this.#bySlot[source.slot];
    if (ofSlot !== undefined) ofSlot.splice(ofSlot.indexOf(source), 1);
  }

  get pending(): number {
    return this.#ended.length + this.#sweeping.length;
  }

  sweepBegins(): void {
    this.#sweeping = this.#ended;
    this.#ended = [];
  }

  sweepEnds(): void {
    this.#free.push(...this.#sweeping);
    this.#sweeping = [];
  }

  /** Sources that send, for audits. */
  *all(): Iterable<Source> {
    for (const source of this.#byId) if (source !== undefined) yield source;
  }
}

/** Holder of a source in a tier as it is kept; -1 before the first block there. */
export function holderOf(source: Source, tier: Tier): number {
  return source.holders[tier]!;
}

/** Whether the name space is one of this publisher's. */
export function isOf(one: Source, source: KvEventSource): boolean {
  return one.slot === source.slot && one.rank === source.rank && one.model === source.model;
}
