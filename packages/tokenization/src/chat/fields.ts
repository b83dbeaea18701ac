import { isDict, type PyDict, PyFloat, type PyValue } from "../python/values";
import { invalid } from "./errors";

const TRUE_WORDS = new Set(["1", "true", "t", "yes", "y", "on"]);
const FALSE_WORDS = new Set(["0", "false", "f", "no", "n", "off"]);

/** A field that the engine reads as a boolean, with pydantic's leniency. */
export function booleanField(body: PyDict, name: string, fallback: boolean): boolean {
  const value = body.get(name);
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  const number = value instanceof PyFloat ? value.value : value;
  if (number === 0) return false;
  if (number === 1) return true;
  const word = typeof value === "string" ? value.toLowerCase() : "";
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  return invalid(name, `${name} must be a boolean.`);
}

/** A field that is an object, or undefined when it is absent or null. */
export function objectField(body: PyDict, name: string): PyDict | undefined {
  const value = body.get(name) ?? null;
  if (value === null) return undefined;
  return isDict(value) ? value : invalid(name, `${name} must be an object.`);
}

/** True for a text. */
export function isText(value: PyValue | undefined): value is string {
  return typeof value === "string";
}
