import { formatPythonFloat } from "./format-float";
import { isDict, isList, PyFloat, type PyValue } from "./values";

/** Options of Python's `json.dumps`, with the defaults that chat templates get. */
export interface DumpOptions {
  /** Escapes everything outside ASCII. Default false, as transformers sets it. */
  readonly ensureAscii?: boolean;
  /** Spaces, or the string, by which a level is indented; undefined writes one line. */
  readonly indent?: number | string | undefined;
  /** Between items, and between key and value. Default `", "` and `": "`, or `","` and `": "` with an indent. */
  readonly separators?: readonly [string, string] | undefined;
  readonly sortKeys?: boolean;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes them
const CONTROL_OR_QUOTE = /["\\\u0000-\u001f]/g;
const NON_ASCII = /[\u007f-\uffff]/g;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function quote(text: string, ensureAscii: boolean): string {
  const escaped = text.replace(CONTROL_OR_QUOTE, (char) => SHORT_ESCAPES[char] ?? unicodeEscape(char));
  return `"${ensureAscii ? escaped.replace(NON_ASCII, (char) => (char === "\u007f" ? char : unicodeEscape(char))) : escaped}"`;
}

function dumpFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return formatPythonFloat(value);
}

function dumpKey(key: PyValue): string {
  if (typeof key === "string") return key;
  if (key === null || typeof key === "boolean" || typeof key === "number" || typeof key === "bigint") {
    return String(key);
  }
  if (key instanceof PyFloat) return dumpFloat(key.value);
  throw new TypeError("keys must be str, int, float, bool or None");
}

/** Python's `json.dumps`. Throws TypeError for what JSON cannot hold, as Python does. */
export function dumpPythonJson(value: PyValue, options: DumpOptions = {}): string {
  const indent = typeof options.indent === "number" ? " ".repeat(Math.max(0, options.indent)) : options.indent;
  const [itemSeparator, keySeparator] = options.separators ?? [indent === undefined ? ", " : ",", ": "];
  const ensureAscii = options.ensureAscii ?? false;

  const wrap = (open: string, close: string, items: string[], depth: number): string => {
    if (items.length === 0) return open + close;
    if (indent === undefined) return open + items.join(itemSeparator) + close;
    const inner = `\n${indent.repeat(depth + 1)}`;
    return `${open}${inner}${items.join(itemSeparator + inner)}\n${indent.repeat(depth)}${close}`;
  };
  const dump = (item: PyValue, depth: number): string => {
    if (item === null) return "null";
    if (typeof item === "string") return quote(item, ensureAscii);
    if (typeof item === "boolean" || typeof item === "number" || typeof item === "bigint") return String(item);
    if (item instanceof PyFloat) return dumpFloat(item.value);
    if (isList(item)) {
      return wrap(
        "[",
        "]",
        item.map((child) => dump(child, depth + 1)),
        depth,
      );
    }
    if (!isDict(item)) throw new TypeError("object is not JSON serializable");
    const entries = [...item].map(([key, child]) => [dumpKey(key), child] as const);
    if (options.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    const parts = entries.map(([key, child]) => quote(key, ensureAscii) + keySeparator + dump(child, depth + 1));
    return wrap("{", "}", parts, depth);
  };
  return dump(value, 0);
}
