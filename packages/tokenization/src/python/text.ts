import { formatPythonFloat } from "./format-float";
import { isDict, isList, Namespace, PyFloat, PyTuple, type PyValue, Undefined } from "./values";

/** What Python's `str.isspace` accepts; JavaScript's `\s` lacks U+001C to U+001F and U+0085 and adds U+FEFF. */
export const PYTHON_SPACE = "\\t-\\r\\u001c- \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const LEADING_SPACE = new RegExp(`^[${PYTHON_SPACE}]+`);
const SPACE_CHARACTER = new RegExp(`[${PYTHON_SPACE}]`);
const SURROGATE = /[\ud800-\udfff]/;

/** Which ends of a text are stripped. */
export type Ends = "both" | "left" | "right";

/** Python's `strip`, `lstrip` and `rstrip`: of white space, or of any of `characters`. */
export function strip(text: string, ends: Ends = "both", characters?: string): string {
  const drops = characters === undefined ? undefined : new Set(codePoints(characters));
  const isDropped = (char: string): boolean => (drops ? drops.has(char) : SPACE_CHARACTER.test(char));
  let start = 0;
  let end = text.length;
  if (ends !== "right") start = skipForward(text, isDropped, drops === undefined);
  if (ends !== "left") end = skipBackward(text, start, isDropped);
  return text.slice(start, end);
}

function skipForward(text: string, isDropped: (char: string) => boolean, space: boolean): number {
  if (space) return LEADING_SPACE.exec(text)?.[0].length ?? 0;
  let at = 0;
  for (const char of text) {
    if (!isDropped(char)) break;
    at += char.length;
  }
  return at;
}

function skipBackward(text: string, start: number, isDropped: (char: string) => boolean): number {
  let end = text.length;
  while (end > start) {
    const pair = end - 2 >= start && SURROGATE.test(text[end - 1] as string) ? text.slice(end - 2, end) : "";
    const char = pair.length === 2 && [...pair].length === 1 ? pair : (text[end - 1] as string);
    if (!isDropped(char)) break;
    end -= char.length;
  }
  return end;
}

/** The characters as Python counts them. */
export function codePoints(text: string): string[] {
  return SURROGATE.test(text) ? Array.from(text) : text.split("");
}

/** Python's `len` of a text. */
export function textLength(text: string): number {
  return SURROGATE.test(text) ? Array.from(text).length : text.length;
}

/** Python's order of texts: by code point, not by UTF-16 unit. */
export function compareText(a: string, b: string): number {
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : a > b ? 1 : 0;
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function formatFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? formatPythonFloat(value) : value > 0 ? "inf" : "-inf";
}

/** Python's `str`: what a template prints. */
export function pythonStr(value: PyValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Undefined) return "";
  return pythonRepr(value);
}

/** Python's `repr`. */
export function pythonRepr(value: PyValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return reprText(value);
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof PyFloat) return formatFloat(value.value);
  if (value instanceof Undefined) return "Undefined";
  if (isList(value)) return reprList(value);
  if (isDict(value))
    return `{${[...value].map(([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`).join(", ")}}`;
  return value instanceof Namespace ? "<Namespace>" : "<function>";
}

function reprList(items: PyValue[]): string {
  const inner = items.map(pythonRepr).join(", ");
  if (!(items instanceof PyTuple)) return `[${inner}]`;
  return items.length === 1 ? `(${inner},)` : `(${inner})`;
}

const UNPRINTABLE = /[\\\p{C}\p{Z}]/gu;

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(UNPRINTABLE, escapeUnprintable);
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

function escapeUnprintable(char: string): string {
  const short: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", " ": " " };
  const known = short[char];
  if (known !== undefined) return known;
  const code = char.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
