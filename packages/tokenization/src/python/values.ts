/** A Python float. Python's ints are JavaScript numbers and bigints here, so that 1 and 1.0 stay apart. */
export class PyFloat {
  constructor(readonly value: number) {}
}

/** A Python tuple: a list that prints with parentheses. */
export class PyTuple extends Array<PyValue> {}

/** Jinja's undefined value, with the sentence that its use as a value gives. */
export class Undefined {
  constructor(readonly reason: string) {}
}

/** Jinja's `namespace`: attributes that a template may set from inside a loop. */
export class Namespace {
  constructor(readonly attributes: Map<string, PyValue>) {}
}

/** A function that a template can call. */
export type PyFunction = (args: readonly PyValue[], named: ReadonlyMap<string, PyValue>) => PyValue;

/** A Python dict; keys keep their order. */
export interface PyDict extends Map<PyValue, PyValue> {}

/** A value of a chat template, or of a JSON document read as Python reads it. */
export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyFloat
  | Undefined
  | Namespace
  | PyValue[]
  | PyDict
  | PyFunction;

export function isDict(value: PyValue | undefined): value is PyDict {
  return value instanceof Map;
}

export function isList(value: PyValue | undefined): value is PyValue[] {
  return Array.isArray(value);
}

/** True for int, float and bool, which Python counts as numbers. */
export function isNumeric(value: PyValue): value is number | bigint | boolean | PyFloat {
  return (
    typeof value === "number" || typeof value === "bigint" || typeof value === "boolean" || value instanceof PyFloat
  );
}

/** The numeric value as a double; exact where it is at most 2^53. */
export function toNumber(value: number | bigint | boolean | PyFloat): number {
  return value instanceof PyFloat ? value.value : Number(value);
}

/** Python's truth value. */
export function isTruthy(value: PyValue): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === "string" || isList(value)) return value.length > 0;
  if (isDict(value)) return value.size > 0;
  if (isNumeric(value)) return toNumber(value) !== 0;
  return true;
}

/** Converts a parsed JavaScript value; a number without a fraction becomes an int. */
export function fromJavaScript(value: unknown): PyValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return fromNumber(value);
  if (typeof value === "boolean" || typeof value === "bigint" || typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(fromJavaScript);
  if (typeof value !== "object") return null;
  const dict: PyDict = new Map();
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) dict.set(key, fromJavaScript(item));
  }
  return dict;
}

function fromNumber(value: number): PyValue {
  if (!Number.isInteger(value)) return new PyFloat(value);
  return Number.isSafeInteger(value) ? value + 0 : BigInt(value);
}

/** Converts to plain JavaScript values; floats become numbers. */
export function toJavaScript(value: PyValue): unknown {
  if (value instanceof PyFloat) return value.value;
  if (isList(value)) return value.map(toJavaScript);
  if (isDict(value)) return Object.fromEntries([...value].map(([key, item]) => [String(key), toJavaScript(item)]));
  return value instanceof Undefined ? undefined : value;
}
