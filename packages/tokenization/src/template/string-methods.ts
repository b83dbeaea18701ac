import { codePoints, PYTHON_SPACE, strip, textLength } from "../python/text";
import { isList, PyTuple, type PyValue } from "../python/values";
import { type Arguments, argument, integerArgument, textArgument } from "./arguments";
import { fail, unsupported } from "./failure";
import { iterate } from "./iterate";

type Method = (text: string, args: Arguments) => PyValue;

const SPACES = new RegExp(`[${PYTHON_SPACE}]+`);

/** Methods of Python's `str` that templates use. */
export const STRING_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["strip", (text, args) => strip(text, "both", characters(args))],
  ["lstrip", (text, args) => strip(text, "left", characters(args))],
  ["rstrip", (text, args) => strip(text, "right", characters(args))],
  ["upper", (text) => text.toUpperCase()],
  ["lower", (text) => text.toLowerCase()],
  ["capitalize", (text) => capitalize(text)],
  ["title", (text) => titleCase(text)],
  ["startswith", (text, args) => affixes(args).some((affix) => text.startsWith(affix))],
  ["endswith", (text, args) => affixes(args).some((affix) => text.endsWith(affix))],
  ["split", split],
  ["rsplit", rsplit],
  ["splitlines", (text) => splitLines(text)],
  [
    "partition",
    (text, args) => partition(text, textArgument(args, 0, "sep"), text.indexOf(textArgument(args, 0, "sep"))),
  ],
  ["rpartition", rpartition],
  [
    "join",
    (text, args) =>
      iterate(args.positional[0] ?? null)
        .map(requireText)
        .join(text),
  ],
  ["replace", (text, args) => replaceText(text, args)],
  ["find", (text, args) => indexOf(text, textArgument(args, 0, "sub"))],
  ["rfind", (text, args) => lastIndexOf(text, textArgument(args, 0, "sub"))],
  ["index", (text, args) => found(indexOf(text, textArgument(args, 0, "sub")))],
  ["count", (text, args) => countText(text, textArgument(args, 0, "sub"))],
  ["removeprefix", (text, args) => removePrefix(text, textArgument(args, 0, "prefix"))],
  ["removesuffix", (text, args) => removeSuffix(text, textArgument(args, 0, "suffix"))],
  ["isdigit", (text) => /^\p{Nd}+$/u.test(text)],
  ["isnumeric", (text) => /^\p{N}+$/u.test(text)],
  ["isalpha", (text) => /^\p{L}+$/u.test(text)],
  ["isalnum", (text) => /^[\p{L}\p{N}]+$/u.test(text)],
  ["isspace", (text) => text.length > 0 && strip(text) === ""],
  ["isupper", (text) => text !== text.toLowerCase() && text === text.toUpperCase()],
  ["islower", (text) => text !== text.toUpperCase() && text === text.toLowerCase()],
  ["zfill", (text, args) => zeroFill(text, integerArgument(args, 0, "width", 0))],
  ["format", () => unsupported("str.format")],
]);

function characters(args: Arguments): string | undefined {
  return (argument(args, 0, "chars") ?? null) === null ? undefined : textArgument(args, 0, "chars");
}

function requireText(value: PyValue): string {
  return typeof value === "string" ? value : fail("sequence item: expected str instance");
}

function affixes(args: Arguments): string[] {
  const affix = args.positional[0] ?? null;
  if (isList(affix)) return affix.map(requireText);
  return [requireText(affix)];
}

/** Python's `str.capitalize`. */
export function capitalize(text: string): string {
  const [first = "", ...rest] = codePoints(text);
  return first.toUpperCase() + rest.join("").toLowerCase();
}

/** Python's `str.title`. */
export function titleCase(text: string): string {
  return text.replace(/\p{L}+/gu, (word) => capitalize(word));
}

function split(text: string, args: Arguments): PyValue[] {
  const limit = integerArgument(args, 1, "maxsplit", -1);
  if ((argument(args, 0, "sep") ?? null) === null) return splitSpaces(text, limit);
  const separator = nonEmpty(textArgument(args, 0, "sep"));
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

function splitSpaces(text: string, limit: number): PyValue[] {
  const parts: string[] = [];
  let rest = strip(text, "left");
  while (rest !== "") {
    const match = limit >= 0 && parts.length >= limit ? null : SPACES.exec(rest);
    if (!match) {
      parts.push(limit >= 0 && parts.length >= limit ? rest : strip(rest, "right"));
      break;
    }
    parts.push(rest.slice(0, match.index));
    rest = rest.slice(match.index + match[0].length);
  }
  return parts;
}

function rsplit(text: string, args: Arguments): PyValue[] {
  const limit = integerArgument(args, 1, "maxsplit", -1);
  if (limit < 0) return split(text, args);
  const separator = nonEmpty(textArgument(args, 0, "sep"));
  const parts = text.split(separator);
  const keep = Math.max(0, parts.length - limit);
  return keep <= 1 ? parts : [parts.slice(0, keep).join(separator), ...parts.slice(keep)];
}

function splitLines(text: string): PyValue[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines at these too
  const lines = text.split(/\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function nonEmpty(separator: string): string {
  return separator === "" ? fail("empty separator") : separator;
}

function partition(text: string, separator: string, at: number): PyValue {
  nonEmpty(separator);
  if (at < 0) return PyTuple.from([text, "", ""]);
  return PyTuple.from([text.slice(0, at), separator, text.slice(at + separator.length)]);
}

function rpartition(text: string, args: Arguments): PyValue {
  const separator = textArgument(args, 0, "sep");
  const at = text.lastIndexOf(nonEmpty(separator));
  return at < 0 ? PyTuple.from(["", "", text]) : partition(text, separator, at);
}

/** Python's `str.replace`. */
export function replaceText(text: string, args: Arguments): string {
  const old = textArgument(args, 0, "old");
  const replacement = textArgument(args, 1, "new");
  const limit = (argument(args, 2, "count") ?? null) === null ? -1 : integerArgument(args, 2, "count", -1);
  const parts = old === "" ? ["", ...codePoints(text), ""] : text.split(old);
  if (limit < 0 || parts.length <= limit + 1) return parts.join(replacement);
  return [...parts.slice(0, limit), parts.slice(limit).join(old)].join(replacement);
}

function indexOf(text: string, part: string): number {
  const at = text.indexOf(part);
  return at < 0 ? at : textLength(text.slice(0, at));
}

function lastIndexOf(text: string, part: string): number {
  const at = text.lastIndexOf(part);
  return at < 0 ? at : textLength(text.slice(0, at));
}

function found(at: number): number {
  return at < 0 ? fail("substring not found") : at;
}

function countText(text: string, part: string): number {
  return part === "" ? textLength(text) + 1 : text.split(part).length - 1;
}

function removePrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

function removeSuffix(text: string, suffix: string): string {
  return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

function zeroFill(text: string, width: number): string {
  const sign = /^[+-]/.test(text) ? text.slice(0, 1) : "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}
