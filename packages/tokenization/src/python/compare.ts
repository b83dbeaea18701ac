import { compareText } from "./text";
import { isDict, isList, isNumeric, PyFloat, PyTuple, type PyValue, toNumber, Undefined } from "./values";

/** Python's `==`: numbers by value, lists and dicts by content, everything else by identity. */
export function isEqual(a: PyValue, b: PyValue): boolean {
  if (a === b) return true;
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) === 0;
  if (isList(a) && isList(b)) {
    return (
      a.length === b.length &&
      a instanceof PyTuple === b instanceof PyTuple &&
      a.every((item, i) => isEqual(item, b[i] as PyValue))
    );
  }
  if (isDict(a) && isDict(b)) {
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && isEqual(item, b.get(key) as PyValue));
  }
  return a instanceof Undefined && b instanceof Undefined;
}

function compareNumbers(a: number | bigint | boolean | PyFloat, b: number | bigint | boolean | PyFloat): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (a instanceof PyFloat || b instanceof PyFloat) return toNumber(a) - toNumber(b);
  const [left, right] = [BigInt(a), BigInt(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Python's order: below zero, zero or above; TypeError where Python has none. */
export function compareValues(a: PyValue, b: PyValue): number {
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (isList(a) && isList(b)) {
    for (let i = 0; i < a.length && i < b.length; i++) {
      if (!isEqual(a[i] as PyValue, b[i] as PyValue)) return compareValues(a[i] as PyValue, b[i] as PyValue);
    }
    return a.length - b.length;
  }
  throw new TypeError("values cannot be ordered");
}
