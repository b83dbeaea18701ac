import { isEqual } from "../python/compare";
import { codePoints } from "../python/text";
import {
  isDict,
  isList,
  Namespace,
  type PyDict,
  PyFloat,
  type PyFunction,
  PyTuple,
  type PyValue,
  Undefined,
} from "../python/values";
import { fail } from "./failure";
import { STRING_METHODS } from "./string-methods";

/** `object.name`: Python looks for an attribute first and for a key second. */
export function getAttribute(object: PyValue, name: string): PyValue {
  if (object instanceof Undefined) return fail(object.reason);
  const own = attribute(object, name);
  if (own !== undefined) return own;
  const found = item(object, name);
  return found === undefined ? missing(object, name) : found;
}

/** `object[key]`: Python looks for a key first and for an attribute second. */
export function getItem(object: PyValue, key: PyValue): PyValue {
  if (object instanceof Undefined) return fail(object.reason);
  const found = item(object, key);
  if (found !== undefined) return found;
  const own = typeof key === "string" ? attribute(object, key) : undefined;
  return own === undefined ? missing(object, key) : own;
}

function missing(object: PyValue, key: PyValue): Undefined {
  const name = isDict(object) ? "dict object" : isList(object) ? "list object" : `${typeof object} object`;
  return new Undefined(`'${name}' has no attribute '${String(key)}'`);
}

function attribute(object: PyValue, name: string): PyValue | undefined {
  if (object instanceof Namespace) return object.attributes.get(name);
  if (typeof object === "string") {
    const method = STRING_METHODS.get(name);
    return method && ((positional, named) => method(object, { positional, named }));
  }
  if (isDict(object)) return dictMethod(object, name);
  return isList(object) ? listMethod(object, name) : undefined;
}

function item(object: PyValue, key: PyValue): PyValue | undefined {
  if (isDict(object)) return object.get(key);
  if (typeof key !== "number" || !Number.isInteger(key)) return undefined;
  if (isList(object)) return object.at(key);
  return typeof object === "string" ? codePoints(object).at(key) : undefined;
}

function dictMethod(dict: PyDict, name: string): PyFunction | undefined {
  switch (name) {
    case "items":
      return () => dictItems(dict);
    case "keys":
      return () => [...dict.keys()];
    case "values":
      return () => [...dict.values()];
    case "get":
      return ([key = null, fallback = null]) => (dict.has(key) ? (dict.get(key) as PyValue) : fallback);
    case "copy":
      return () => new Map(dict);
    case "pop":
    case "update":
    case "clear":
    case "setdefault":
    case "popitem":
      return () => fail(`access to '${name}' of a dict is unsafe`);
    default:
      return undefined;
  }
}

/** The (key, value) pairs of a dict. */
export function dictItems(dict: PyDict): PyValue[] {
  return [...dict].map((pair) => PyTuple.from(pair));
}

function listMethod(list: PyValue[], name: string): PyFunction | undefined {
  switch (name) {
    case "index":
      return ([wanted = null]) => {
        const at = list.findIndex((member) => isEqual(member, wanted));
        return at < 0 ? fail("the value is not in the list") : at;
      };
    case "count":
      return ([wanted = null]) => list.filter((member) => isEqual(member, wanted)).length;
    case "copy":
      return () => [...list];
    case "append":
    case "extend":
    case "insert":
    case "pop":
    case "remove":
    case "clear":
    case "sort":
    case "reverse":
      return () => fail(`access to '${name}' of a list is unsafe`);
    default:
      return undefined;
  }
}

/** Python's slice of a list or text. */
export function getSlice(object: PyValue, start: PyValue, stop: PyValue, step: PyValue): PyValue {
  if (object instanceof Undefined) return fail(object.reason);
  const source = typeof object === "string" ? codePoints(object) : isList(object) ? object : fail("not a sequence");
  const indexes = sliceIndexes(source.length, bound(start), bound(stop), bound(step) ?? 1);
  const picked = indexes.map((index) => source[index] as PyValue);
  if (typeof object === "string") return picked.join("");
  return object instanceof PyTuple ? PyTuple.from(picked) : picked;
}

function bound(value: PyValue): number | undefined {
  if (value === null || value instanceof Undefined) return undefined;
  if (value instanceof PyFloat) return fail("slice indices must be integers");
  return typeof value === "number" ? value : fail("slice indices must be integers");
}

function sliceIndexes(length: number, start: number | undefined, stop: number | undefined, step: number): number[] {
  if (step === 0) return fail("slice step cannot be zero");
  const clamp = (index: number): number => {
    const absolute = index < 0 ? index + length : index;
    return step > 0 ? Math.min(Math.max(absolute, 0), length) : Math.min(Math.max(absolute, -1), length - 1);
  };
  const from = start === undefined ? (step > 0 ? 0 : length - 1) : clamp(start);
  const to = stop === undefined ? (step > 0 ? length : -1) : clamp(stop);
  const indexes: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) indexes.push(i);
  return indexes;
}
