import { compareValues, isEqual } from "../python/compare";
import { pythonStr } from "../python/text";
import { isDict, isTruthy, type PyValue, Undefined } from "../python/values";
import { type Arguments, argument, integerArgument, textArgument } from "./arguments";
import { fail, unsupported } from "./failure";
import type { Filter } from "./filters";
import { iterate } from "./iterate";
import { dictItems, getItem } from "./members";
import { applyOperator } from "./operators";
import { runTest } from "./tests";

/** Filters over lists and dicts. */
export const LIST_FILTERS: readonly (readonly [string, Filter])[] = [
  ["list", (value) => [...iterate(value)]],
  ["first", (value) => endOf(iterate(value)[0], "first")],
  ["last", (value) => endOf(iterate(value).at(-1), "last")],
  ["join", join],
  [
    "reverse",
    (value) => (typeof value === "string" ? [...iterate(value)].reverse().join("") : [...iterate(value)].reverse()),
  ],
  ["unique", unique],
  ["sort", sort],
  ["dictsort", dictSort],
  ["map", map],
  ["select", (value, args) => pick(value, args, true, false)],
  ["reject", (value, args) => pick(value, args, false, false)],
  ["selectattr", (value, args) => pick(value, args, true, true)],
  ["rejectattr", (value, args) => pick(value, args, false, true)],
  ["sum", sum],
  ["min", (value, args) => extreme(value, args, -1)],
  ["max", (value, args) => extreme(value, args, 1)],
  ["batch", batch],
];

function endOf(value: PyValue | undefined, which: string): PyValue {
  return value === undefined ? new Undefined(`No ${which} item, sequence was empty.`) : value;
}

/** The value of a dotted attribute path, as Jinja's `attribute` arguments name it. */
function attributeOf(value: PyValue, path: PyValue): PyValue {
  if (typeof path === "number") return getItem(value, path);
  let found = value;
  for (const part of pythonStr(path).split(".")) found = getItem(found, /^\d+$/.test(part) ? Number(part) : part);
  return found;
}

function join(value: PyValue, args: Arguments): string {
  const separator = pythonStr(argument(args, 0, "d") ?? "");
  const path = argument(args, 1, "attribute");
  const items = iterate(value);
  return (path === undefined ? items : items.map((item) => attributeOf(item, path))).map(pythonStr).join(separator);
}

function folded(value: PyValue, args: Arguments, index: number): PyValue {
  return typeof value === "string" && !isTruthy(argument(args, index, "case_sensitive") ?? false)
    ? value.toLowerCase()
    : value;
}

function unique(value: PyValue, args: Arguments): PyValue[] {
  const seen: PyValue[] = [];
  return iterate(value).filter((item) => {
    const key = folded(item, args, 0);
    if (seen.some((other) => isEqual(other, key))) return false;
    seen.push(key);
    return true;
  });
}

function order(a: PyValue, b: PyValue): number {
  try {
    return compareValues(a, b);
  } catch {
    return fail("values of these types cannot be ordered");
  }
}

function sort(value: PyValue, args: Arguments): PyValue[] {
  const sign = isTruthy(argument(args, 0, "reverse") ?? false) ? -1 : 1;
  const path = argument(args, 2, "attribute") ?? null;
  const keyed = iterate(value).map((item) => ({
    item,
    key: folded(path === null ? item : attributeOf(item, path), args, 1),
  }));
  return keyed.sort((a, b) => sign * order(a.key, b.key)).map(({ item }) => item);
}

function dictSort(value: PyValue, args: Arguments): PyValue[] {
  if (!isDict(value)) return fail("not a mapping");
  const by = textArgument(args, 1, "by", "key") === "key" ? 0 : 1;
  const sign = isTruthy(argument(args, 2, "reverse") ?? false) ? -1 : 1;
  return dictItems(value).sort(
    (a, b) => sign * order(folded(getItem(a, by), args, 0), folded(getItem(b, by), args, 0)),
  );
}

function map(value: PyValue, args: Arguments): PyValue[] {
  const path = args.named.get("attribute");
  if (path === undefined) return unsupported("the filter 'map' without an attribute");
  const fallback = args.named.get("default");
  return iterate(value).map((item) => {
    const found = attributeOf(item, path);
    return found instanceof Undefined && fallback !== undefined ? fallback : found;
  });
}

function pick(value: PyValue, args: Arguments, keep: boolean, byAttribute: boolean): PyValue[] {
  const offset = byAttribute ? 1 : 0;
  const test = args.positional[offset];
  const other = args.positional[offset + 1];
  return iterate(value).filter((item) => {
    const subject = byAttribute ? attributeOf(item, args.positional[0] ?? null) : item;
    const passes = test === undefined ? isTruthy(subject) : runTest(pythonStr(test), subject, other);
    return passes === keep;
  });
}

function sum(value: PyValue, args: Arguments): PyValue {
  const path = argument(args, 0, "attribute") ?? null;
  let total: PyValue = argument(args, 1, "start") ?? 0;
  for (const item of iterate(value)) total = applyOperator("+", total, path === null ? item : attributeOf(item, path));
  return total;
}

function extreme(value: PyValue, args: Arguments, sign: number): PyValue {
  const path = argument(args, 1, "attribute") ?? null;
  const key = (item: PyValue): PyValue => folded(path === null ? item : attributeOf(item, path), args, 0);
  const items = iterate(value);
  if (items.length === 0) return new Undefined("No aggregated item, sequence was empty.");
  return items.reduce((best, item) => (sign * order(key(item), key(best)) > 0 ? item : best));
}

function batch(value: PyValue, args: Arguments): PyValue[] {
  const size = Math.max(1, integerArgument(args, 0, "linecount", 1));
  const items = iterate(value);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
