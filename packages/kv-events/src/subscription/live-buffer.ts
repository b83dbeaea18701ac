/** A batch as it came over the wire. */
export interface RawBatch {
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Live batches that wait for a replay; bounded, so that a replay that hangs costs no memory. */
export class LiveBuffer {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #batches: RawBatch[] = [];
  #head = 0;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#batches.length - this.#head;
  }

  /** The batch that `shift` would return. */
  get first(): RawBatch | undefined {
    return this.#batches[this.#head];
  }

  /** Appends a batch; returns how many of the oldest it pushed out. A later replay still has those. */
  push(batch: RawBatch): number {
    this.#batches.push(batch);
    this.#bytes += batch.payload.length;
    let dropped = 0;
    while (this.length > 1 && (this.length > this.#maxMessages || this.#bytes > this.#maxBytes)) {
      this.shift();
      dropped++;
    }
    return dropped;
  }

  /** Puts back the batch that `shift` returned last, or another in front of all. */
  unshift(batch: RawBatch): void {
    if (this.#head > 0) this.#batches[--this.#head] = batch;
    else this.#batches.unshift(batch);
    this.#bytes += batch.payload.length;
  }

  shift(): RawBatch | undefined {
    const batch = this.#batches[this.#head];
    if (batch === undefined) return undefined;
    this.#head++;
    this.#bytes -= batch.payload.length;
    if (this.#head === this.#batches.length) this.clear();
    else if (this.#head > 1024 && this.#head * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#head = 0;
    }
    return batch;
  }

  clear(): void {
    this.#batches = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
