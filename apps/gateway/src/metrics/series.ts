/** One series of a metric family. */
export interface Series {
  /** Appends its sample lines. `name` is the family's; `labels` has no braces and may be empty. */
  write(out: string[], name: string, labels: string): void;
}

/** A number in Prometheus' text form. */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return Number.isNaN(value) ? "NaN" : String(value);
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

/** Counter or gauge: one number. */
export class NumberSeries implements Series {
  value = 0;

  add(value = 1): void {
    this.value += value;
  }

  set(value: number): void {
    this.value = value;
  }

  write(out: string[], name: string, labels: string): void {
    out.push(`${name}${braced(labels)} ${numberText(this.value)}`);
  }
}

/** Histogram with fixed upper bounds. */
export class HistogramSeries implements Series {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = [...bounds].sort((a, b) => a - b);
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? 0)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  write(out: string[], name: string, labels: string): void {
    const prefix = labels === "" ? "" : `${labels},`;
    let total = 0;
    for (let i = 0; i <= this.#bounds.length; i++) {
      total += this.#counts[i] ?? 0;
      out.push(`${name}_bucket{${prefix}le="${numberText(this.#bounds[i] ?? Number.POSITIVE_INFINITY)}"} ${total}`);
    }
    out.push(`${name}_sum${braced(labels)} ${numberText(this.#sum)}`);
    out.push(`${name}_count${braced(labels)} ${total}`);
  }
}
