import { WarmpathError } from "@warmpath/contracts";

/** Reads a plugin's parameters: a key that the plugin does not have is an error, as is a value of another kind. */
export class Parameters {
  constructor(
    private readonly plugin: string,
    private readonly values: Readonly<Record<string, unknown>>,
    known: readonly string[],
  ) {
    for (const key of Object.keys(values))
      if (!known.includes(key))
        throw this.#bad(`has no parameter "${key}"${known.length > 0 ? `; it has ${known.join(", ")}` : ""}`);
  }

  number(key: string, fallback: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.values[key] ?? fallback;
    if (typeof value === "number" && value >= least && value <= most) return value;
    throw this.#bad(`has ${key}: ${JSON.stringify(value)}; it must be a number from ${least} to ${most}`);
  }

  integer(key: string, fallback: number, least: number): number {
    const value = this.number(key, fallback, least);
    if (Number.isInteger(value)) return value;
    throw this.#bad(`has ${key}: ${value}; it must be a whole number`);
  }

  text(key: string, fallback: string): string {
    const value = this.values[key] ?? fallback;
    if (typeof value === "string" && value !== "") return value;
    throw this.#bad(`has ${key}: ${JSON.stringify(value)}; it must be text`);
  }

  oneOf<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
    const value = this.text(key, fallback);
    const found = allowed.find((name) => name === value);
    if (found !== undefined) return found;
    throw this.#bad(`has ${key}: "${value}"; it must be one of ${allowed.join(", ")}`);
  }

  #bad(what: string): WarmpathError {
    return new WarmpathError("invalid_configuration", `Plugin "${this.plugin}" ${what}.`);
  }
}

/** For plugins without parameters: any given one is an error. */
export function refuseParameters(plugin: string, values: Readonly<Record<string, unknown>>): void {
  new Parameters(plugin, values, []);
}
