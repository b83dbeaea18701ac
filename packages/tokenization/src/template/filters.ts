import { pythonStr, strip, textLength } from "../python/text";
import { isDict, isList, isNumeric, isTruthy, PyFloat, type PyValue, toNumber, Undefined } from "../python/values";
import { type Arguments, argument, integerArgument, textArgument } from "./arguments";
import { fail, unsupported } from "./failure";
import { iterate } from "./iterate";
import { LIST_FILTERS } from "./list-filters";
import { dictItems } from "./members";
import { capitalize, replaceText, titleCase } from "./string-methods";
import { toJson } from "./to-json";

/** One Jinja filter. */
export type Filter = (value: PyValue, args: Arguments) => PyValue;

const FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ...LIST_FILTERS,
  ["tojson", toJson],
  ["safe", (value) => value],
  ["string", pythonStr],
  ["trim", (value, args) => strip(pythonStr(value), "both", trimmed(args))],
  ["upper", (value) => pythonStr(value).toUpperCase()],
  ["lower", (value) => pythonStr(value).toLowerCase()],
  ["capitalize", (value) => capitalize(pythonStr(value))],
  ["title", (value) => titleCase(pythonStr(value))],
  ["replace", (value, args) => replaceText(pythonStr(value), args)],
  ["indent", (value, args) => indent(pythonStr(value), args)],
  ["length", length],
  ["count", length],
  ["default", withDefault],
  ["d", withDefault],
  ["int", (value, args) => toInteger(value, argument(args, 0, "default") ?? 0)],
  ["float", (value, args) => toFloat(value, argument(args, 0, "default") ?? new PyFloat(0))],
  ["abs", absolute],
  ["round", round],
  ["items", (value) => (value instanceof Undefined ? [] : isDict(value) ? dictItems(value) : fail("not a mapping"))],
  ["escape", (value) => escapeHtml(pythonStr(value))],
  ["e", (value) => escapeHtml(pythonStr(value))],
]);

/** Applies the filter called `name`. */
export function applyFilter(name: string, value: PyValue, args: Arguments): PyValue {
  const filter = FILTERS.get(name) ?? unsupported(`the filter '${name}'`);
  return filter(value, args);
}

function trimmed(args: Arguments): string | undefined {
  return (argument(args, 0, "chars") ?? null) === null ? undefined : textArgument(args, 0, "chars");
}

function length(value: PyValue): number {
  if (typeof value === "string") return textLength(value);
  if (isDict(value)) return value.size;
  if (isList(value) || value instanceof Undefined) return iterate(value).length;
  return fail("object has no len()");
}

function withDefault(value: PyValue, args: Arguments): PyValue {
  const fallback = argument(args, 0, "default_value");
  const forFalse = isTruthy(argument(args, 1, "boolean") ?? false);
  const isMissing = value instanceof Undefined || (forFalse && !isTruthy(value));
  return isMissing ? (fallback === undefined ? "" : fallback) : value;
}

function indent(text: string, args: Arguments): string {
  const width = argument(args, 0, "width") ?? 4;
  const pad = typeof width === "string" ? width : " ".repeat(integerArgument(args, 0, "width", 4));
  const first = isTruthy(argument(args, 1, "first") ?? false);
  const blank = isTruthy(argument(args, 2, "blank") ?? false);
  const lines = text.split("\n");
  return lines.map((line, i) => (i === 0 ? (first ? pad : "") : line !== "" || blank ? pad : "") + line).join("\n");
}

function toInteger(value: PyValue, fallback: PyValue): PyValue {
  if (isNumeric(value)) return typeof value === "bigint" ? value : Math.trunc(toNumber(value));
  if (typeof value !== "string") return fallback;
  const text = strip(value).replaceAll("_", "");
  if (/^[+-]?\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
  const number = text === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? Math.trunc(number) : fallback;
}

function toFloat(value: PyValue, fallback: PyValue): PyValue {
  if (isNumeric(value)) return new PyFloat(toNumber(value));
  const number = typeof value === "string" && strip(value) !== "" ? Number(strip(value)) : Number.NaN;
  return Number.isNaN(number) ? fallback : new PyFloat(number);
}

function absolute(value: PyValue): PyValue {
  if (value instanceof PyFloat) return new PyFloat(Math.abs(value.value));
  if (typeof value === "bigint") return value < 0n ? -value : value;
  return isNumeric(value) ? Math.abs(toNumber(value)) : fail("bad operand type for abs()");
}

function round(value: PyValue, args: Arguments): PyValue {
  if (!isNumeric(value)) return fail("not a number");
  const scale = 10 ** integerArgument(args, 0, "precision", 0);
  const method = textArgument(args, 1, "method", "common");
  const scaled = toNumber(value) * scale;
  if (method === "ceil") return new PyFloat(Math.ceil(scaled) / scale);
  if (method === "floor") return new PyFloat(Math.floor(scaled) / scale);
  return new PyFloat(roundHalfEven(scaled) / scale);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const HTML: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => HTML[char] ?? char);
}
