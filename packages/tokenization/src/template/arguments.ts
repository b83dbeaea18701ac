import { isNumeric, PyFloat, type PyValue, toNumber } from "../python/values";
import { fail } from "./failure";

/** Arguments of one call, by position and by name. */
export interface Arguments {
  readonly positional: readonly PyValue[];
  readonly named: ReadonlyMap<string, PyValue>;
}

/** The argument at `index`, or the one called `name`. */
export function argument(args: Arguments, index: number, name: string): PyValue | undefined {
  return index < args.positional.length ? args.positional[index] : args.named.get(name);
}

/** A text argument, or the default. */
export function textArgument(args: Arguments, index: number, name: string, fallback?: string): string {
  const value = argument(args, index, name) ?? fallback;
  return typeof value === "string" ? value : fail(`${name} must be a string`);
}

/** An integer argument, or the default. */
export function integerArgument(args: Arguments, index: number, name: string, fallback: number): number {
  const value = argument(args, index, name) ?? fallback;
  if (!isNumeric(value) || value instanceof PyFloat) return fail(`${name} must be an integer`);
  return toNumber(value);
}
