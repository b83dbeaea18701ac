/** Gives out the lowest free number, so that arrays over endpoints stay short. */
export class Slots {
  readonly #free: number[] = [];
  #next = 0;

  take(): number {
    const reused = this.#free.pop();
    return reused ?? this.#next++;
  }

  release(slot: number): void {
    this.#free.push(slot);
    this.#free.sort((a, b) => b - a);
  }
}
