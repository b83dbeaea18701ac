import { dumpPythonJson } from "../python/dump-json";
import { isList, isTruthy, type PyValue } from "../python/values";
import { type Arguments, argument } from "./arguments";
import { fail } from "./failure";

/** The `tojson` filter as transformers defines it: Python's `json.dumps` without ASCII escapes. */
export function toJson(value: PyValue, args: Arguments): string {
  const indent = argument(args, 1, "indent") ?? undefined;
  const separators = argument(args, 2, "separators") ?? undefined;
  try {
    return dumpPythonJson(value, {
      ensureAscii: isTruthy(argument(args, 0, "ensure_ascii") ?? false),
      indent: typeof indent === "number" || typeof indent === "string" ? indent : undefined,
      separators: separators === undefined ? undefined : pair(separators),
      sortKeys: isTruthy(argument(args, 3, "sort_keys") ?? false),
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : "object is not JSON serializable");
  }
}

function pair(value: PyValue): [string, string] {
  const [item, key] = isList(value) ? value : [];
  return typeof item === "string" && typeof key === "string" ? [item, key] : fail("separators must be two strings");
}
