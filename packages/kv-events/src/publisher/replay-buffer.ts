/** The newest batches by sequence number, at most `capacity` of them. */
export class ReplayBuffer {
  readonly #capacity: number;
  readonly #payloads: (Uint8Array | undefined)[] = [];
  #next = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number that the next batch gets. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Number of the oldest batch kept. */
  get oldestSequence(): number {
    return Math.max(0, this.#next - this.#capacity);
  }

  /** Keeps a batch and returns its number; undefined takes a number and keeps nothing. */
  push(payload: Uint8Array | undefined): number {
    const sequence = this.#next++;
    if (this.#capacity > 0) this.#payloads[sequence % this.#capacity] = payload;
    return sequence;
  }

  get(sequence: number): Uint8Array | undefined {
    if (sequence < this.oldestSequence || sequence >= this.#next) return undefined;
    return this.#payloads[sequence % this.#capacity];
  }
}
