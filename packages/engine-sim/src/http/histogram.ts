import { pythonFloat } from "./python-repr";

/** A Prometheus histogram with fixed bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length);
  }

  observe(value: number): void {
    this.#count++;
    this.#sum += value;
    for (let i = this.#bounds.length - 1; i >= 0 && value <= (this.#bounds[i] as number); i--) {
      this.#counts[i] = (this.#counts[i] as number) + 1;
    }
  }

  /** Sample lines; `labels` gives the label block for the given extra label. */
  lines(name: string, labels: (extra?: readonly [string, string]) => string): string[] {
    const buckets = this.#bounds.map(
      (bound, i) => `${name}_bucket${labels(["le", pythonFloat(bound)])} ${pythonFloat(this.#counts[i] as number)}`,
    );
    return [
      ...buckets,
      `${name}_bucket${labels(["le", "+Inf"])} ${pythonFloat(this.#count)}`,
      `${name}_count${labels()} ${pythonFloat(this.#count)}`,
      `${name}_sum${labels()} ${pythonFloat(this.#sum)}`,
    ];
  }
}

/** 1, 2, 5, 10, 20, 50 … up to `most`. */
export function oneTwoFive(most: number): number[] {
  const bounds: number[] = [];
  for (let power = 1; power <= most; power *= 10) {
    for (const step of [1, 2, 5]) if (step * power <= most) bounds.push(step * power);
  }
  return bounds;
}
