import { codePoints } from "../python/text";
import { isDict, isList, type PyValue, Undefined } from "../python/values";
import { fail } from "./failure";

/** What Python's `for` visits: items, keys, characters; nothing for undefined. */
export function iterate(value: PyValue): readonly PyValue[] {
  if (isList(value)) return value;
  if (isDict(value)) return [...value.keys()];
  if (typeof value === "string") return codePoints(value);
  if (value instanceof Undefined) return [];
  return fail(`${typeName(value)} object is not iterable`);
}

function typeName(value: PyValue): string {
  if (value === null) return "'NoneType'";
  return typeof value === "boolean" ? "'bool'" : `'${typeof value}'`;
}
