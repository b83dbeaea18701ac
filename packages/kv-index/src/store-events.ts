import { type BlockHasher, type BlockKeys, type BlocksStored, TIER_COUNT, type Tier } from "@warmpath/contracts";
import type { Counters } from "./counters";
import type { BlockShape, ChainEnd, EngineBlocks } from "./engine-blocks";
import type { EngineSpace } from "./engine-space";
import { alignExtras } from "./event-extras";
import type { HoldTrace, KeyStore } from "./key-store";
import type { Residency } from "./residency";
import type { Source } from "./sources";

/** Times that room is made for one event. */
const MAX_ATTEMPTS = 64;

/** What one store event did. */
export type StoreResult = "stored" | "no-parent" | "refused";

/** Turns store events into engine blocks and keys. */
export class StoreEvents {
  readonly #hasher: BlockHasher;
  readonly #keySize: number;
  readonly #store: KeyStore;
  readonly #blocks: EngineBlocks;
  readonly #space: EngineSpace;
  readonly #residency: Residency;
  readonly #counters: Counters;
  /** Strings that enter the key which a block's leftover tokens begin; for the few blocks that have both. */
  readonly #tailExtras = new Map<string, readonly string[]>();
  readonly #maxTailExtras: number;
  readonly #keys: BlockKeys;
  readonly #end: ChainEnd = { hasKey: false, lo: 0, hi: 0, tailCount: 0 };
  readonly #tail: Uint32Array;
  readonly #shape: BlockShape = { keyFrom: 0, keyCount: 0, head: 0, tailFrom: 0, tailCount: 0 };
  #tokens = new Uint32Array(1024);
  #trace: HoldTrace = { positions: new Int32Array(256), had: new Uint8Array(256) };
  // A run of keys to be held, and the blocks they belong to.
  #runFrom = 0;
  #runTo = 0;
  #near = -1;
  readonly #runBlocks: number[] = [];
  readonly #runLast: number[] = [];
  readonly #shared: number[] = [];

  constructor(
    hasher: BlockHasher,
    keySize: number,
    store: KeyStore,
    blocks: EngineBlocks,
    space: EngineSpace,
    residency: Residency,
    counters: Counters,
    maxTailExtras: number,
  ) {
    this.#hasher = hasher;
    this.#keySize = keySize;
    this.#store = store;
    this.#blocks = blocks;
    this.#space = space;
    this.#residency = residency;
    this.#counters = counters;
    this.#maxTailExtras = maxTailExtras;
    this.#keys = { words: new Uint32Array(512), count: 0, blockSizeTokens: keySize };
    this.#tail = new Uint32Array(keySize);
  }

  /** Takes an event with tokens. `again`: blocks that are there already are announced again, and are no new copies. */
  store(source: Source, tier: Tier, event: BlocksStored, again: boolean): StoreResult {
    let rest = event;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      let parent = -1;
      if (!isRoot(rest)) {
        parent = this.#blocks.find(source, rest.parentHash!.lo, rest.parentHash!.hi);
        if (parent < 0) return rest === event ? "no-parent" : "refused";
      }
      const done = this.#storeFrom(source, tier, rest, parent, again);
      if (done === rest.blockHashes.length / 2) return "stored";
      if (done > 0) rest = restOf(rest, done);
      if (!this.#space.makeRoom()) break;
    }
    return "refused";
  }

  /** Blocks whose tokens are not given, only that they are in a tier now. */
  place(source: Source, tier: Tier, hashes: Uint32Array): void {
    for (let i = 0; i < hashes.length; i += 2) {
      const block = this.#blocks.find(source, hashes[i]!, hashes[i + 1]!);
      if (block < 0) {
        this.#counters.add("unknown_placeholders");
        continue;
      }
      this.#blocks.slab.touch(block);
      const first = this.#blocks.copies(block, tier) === 0;
      if (!this.#blocks.addCopy(block, tier)) this.#counters.add("saturated_copies");
      if (!first) continue;
      this.#residency.arrive(source, tier, block);
      this.#residency.share(source, tier, block);
    }
  }

  /** Stores blocks until one does not fit; returns how many were stored. */
  #storeFrom(source: Source, tier: Tier, event: BlocksStored, parent: number, again: boolean): number {
    const tokens = this.#hash(source, event, parent);
    const head = this.#end.tailCount;
    const count = event.blockHashes.length / 2;
    const { blockHashes, blockSizeTokens: size } = event;
    this.#blocks.slab.tick++;
    if (parent >= 0) this.#blocks.slab.touch(parent);
    this.#begin(parent);
    let before = parent;
    let i = 0;
    for (; i < count; i++) {
      if (i % 16 === 0) this.#blocks.readAhead(source, blockHashes, i);
      this.#shapeOf(head + i * size, size);
      const block = this.#blockFor(source, tier, blockHashes, i, tokens, before);
      if (block < 0) break;
      this.#count(source, tier, block, again);
      before = block;
    }
    this.#flush(source, tier);
    for (const block of this.#shared) this.#residency.share(source, tier, block);
    this.#shared.length = 0;
    return i;
  }

  /** Computes the keys of the event's tokens, with those left over from the parent in front. Returns all the tokens. */
  #hash(source: Source, event: BlocksStored, parent: number): Uint32Array {
    const end = this.#end;
    end.hasKey = false;
    end.tailCount = 0;
    if (parent >= 0) this.#blocks.chainEnd(parent, end, this.#tail);
    const tokens = end.tailCount === 0 ? event.tokenIds : this.#joined(event.tokenIds);
    const toToken = end.tailCount + event.tokenIds.length;
    const carried =
      end.tailCount > 0 && this.#tailExtras.size > 0 ? this.#tailExtras.get(this.#nameOf(parent)) : undefined;
    const extras = alignExtras(event, this.#keySize, end.tailCount, carried);
    if (extras.tail !== undefined) this.#keepExtras(source, event, extras.tail);
    this.#keys.count = 0;
    const { lo, hi } = end;
    this.#hasher.append(
      {
        tokens,
        fromToken: 0,
        toToken,
        parent: end.hasKey ? { lo, hi } : undefined,
        scope: { model: event.loraName ?? source.model },
        extras: extras.perKey,
      },
      this.#keys,
    );
    return tokens;
  }

  #joined(tokenIds: Uint32Array): Uint32Array {
    const { tailCount } = this.#end;
    const length = tailCount + tokenIds.length;
    if (this.#tokens.length < length) this.#tokens = new Uint32Array(2 * length);
    this.#tokens.set(this.#tail.subarray(0, tailCount));
    this.#tokens.set(tokenIds, tailCount);
    return this.#tokens;
  }

  /** What the block means whose first token is `start` of the hashed tokens. */
  #shapeOf(start: number, size: number): void {
    const keySize = this.#keySize;
    const shape = this.#shape;
    const stop = start + size;
    shape.keyFrom = Math.floor(start / keySize);
    shape.keyCount = Math.floor(stop / keySize) - shape.keyFrom;
    shape.head = start % keySize;
    shape.tailCount = stop % keySize;
    shape.tailFrom = stop - shape.tailCount;
  }

  #blockFor(source: Source, tier: Tier, hashes: Uint32Array, i: number, tokens: Uint32Array, before: number): number {
    const lo = hashes[2 * i]!;
    const hi = hashes[2 * i + 1]!;
    const known = this.#blocks.findAhead(source, i % 16, lo, hi);
    if (known >= 0) {
      if (this.#means(known)) {
        this.#blocks.slab.touch(known);
        return known;
      }
      this.#counters.add("hash_conflicts");
      this.#flush(source, tier);
      for (let other = 0; other < TIER_COUNT; other++) this.#space.release(source, other as Tier, known);
      // Blocks linked to it keep it; then it stays what it was, and nothing is claimed for it.
      if (!this.#blocks.destroy(known)) return known;
    }
    const made = this.#blocks.create(source, lo, hi);
    if (made < 0) return -1;
    const { keyFrom, keyCount } = this.#shape;
    if (keyCount === 0 && keyFrom > 0) this.#endAt(keyFrom - 1);
    const described = this.#blocks.describe(made, this.#shape, this.#keys.words, tokens, before, this.#end);
    return described ? made : -1;
  }

  /** The chain's last key, for blocks that complete none. */
  #endAt(key: number): void {
    this.#end.hasKey = true;
    this.#end.lo = this.#keys.words[2 * key]!;
    this.#end.hi = this.#keys.words[2 * key + 1]!;
  }

  /** Whether a known block has the keys that its tokens have now. */
  #means(block: number): boolean {
    const { keyFrom, keyCount, head } = this.#shape;
    const blocks = this.#blocks;
    if (blocks.keyCount(block) !== keyCount || blocks.head(block) !== head) return false;
    if (keyCount === 0) return true;
    const words = blocks.keyWords(block);
    const last = blocks.keyStart(block) + 2 * (keyCount - 1);
    const key = 2 * (keyFrom + keyCount - 1);
    return words[last] === this.#keys.words[key] && words[last + 1] === this.#keys.words[key + 1];
  }

  /** One copy more; the first makes its keys held. */
  #count(source: Source, tier: Tier, block: number, again: boolean): void {
    const first = this.#blocks.copies(block, tier) === 0;
    if (!first && again) {
      this.#counters.add("reannounced_blocks");
      return;
    }
    if (!this.#blocks.addCopy(block, tier)) this.#counters.add("saturated_copies");
    if (!first) return;
    const { keyFrom, keyCount, head, tailCount } = this.#shape;
    const own = head > 0 && keyCount > 0 ? 1 : 0;
    if (keyCount > own) this.#extend(source, tier, block, keyFrom + own, keyFrom + keyCount);
    if (head > 0 || tailCount > 0) this.#shared.push(block);
  }

  #begin(parent: number): void {
    this.#runFrom = 0;
    this.#runTo = 0;
    this.#near = parent >= 0 ? this.#blocks.hint(parent) : -1;
  }

  #extend(source: Source, tier: Tier, block: number, from: number, to: number): void {
    if (this.#runTo !== from) {
      this.#flush(source, tier);
      this.#runFrom = from;
    }
    this.#runTo = to;
    this.#runBlocks.push(block);
    this.#runLast.push(to - 1);
  }

  #flush(source: Source, tier: Tier): void {
    const count = this.#runTo - this.#runFrom;
    const holder = count > 0 ? this.#residency.holder(source, tier) : -1;
    if (holder >= 0) {
      if (this.#trace.had.length < count) {
        this.#trace = { positions: new Int32Array(2 * count), had: new Uint8Array(2 * count) };
      }
      this.#near = this.#store.hold(this.#keys.words, this.#runFrom, count, holder, this.#near, this.#trace);
      this.#noteRun(source, tier);
    } else this.#counters.add("refused", count);
    this.#runFrom = this.#runTo;
    this.#runBlocks.length = 0;
    this.#runLast.length = 0;
  }

  /** Notes where the run's blocks have their last keys, and which keys other blocks have too. */
  #noteRun(source: Source, tier: Tier): void {
    const { positions, had } = this.#trace;
    const { words } = this.#keys;
    let first = this.#runFrom;
    for (let i = 0; i < this.#runBlocks.length; i++) {
      const block = this.#runBlocks[i]!;
      const last = this.#runLast[i]!;
      this.#blocks.setHint(block, positions[last - this.#runFrom]!);
      const end = last + 1 - this.#residency.uniqueKeys(block);
      for (let key = first; key < end; key++) {
        if (had[key - this.#runFrom] === 1)
          this.#residency.addExtra(source, tier, words[2 * key]!, words[2 * key + 1]!);
      }
      first = last + 1;
    }
  }

  #keepExtras(source: Source, event: BlocksStored, extras: readonly string[]): void {
    const { blockHashes } = event;
    const n = blockHashes.length;
    if (this.#tailExtras.size >= this.#maxTailExtras) {
      this.#tailExtras.delete(this.#tailExtras.keys().next().value as string);
    }
    this.#tailExtras.set(`${source.id},${blockHashes[n - 2]},${blockHashes[n - 1]}`, extras);
  }

  #nameOf(block: number): string {
    const blocks = this.#blocks;
    return `${blocks.sourceId(block)},${blocks.hashLo(block)},${blocks.hashHi(block)}`;
  }
}

/** Whether the event starts a prompt. Some engines write 0 for no parent. */
export function isRoot(event: BlocksStored): boolean {
  return event.parentHash === undefined || (event.parentHash.lo === 0 && event.parentHash.hi === 0);
}

function restOf(event: BlocksStored, done: number): BlocksStored {
  const { blockHashes, blockSizeTokens } = event;
  return {
    ...event,
    blockHashes: blockHashes.subarray(2 * done),
    parentHash: { lo: blockHashes[2 * done - 2]!, hi: blockHashes[2 * done - 1]! },
    tokenIds: event.tokenIds.subarray(done * blockSizeTokens),
    extraKeys: event.extraKeys?.slice(done),
  };
}
