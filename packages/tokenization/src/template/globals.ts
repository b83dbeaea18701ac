import { pythonStr } from "../python/text";
import { isDict, Namespace, type PyValue } from "../python/values";
import { integerArgument } from "./arguments";
import { fail } from "./failure";
import { Scope } from "./scope";
import { strftime } from "./strftime";

const MAX_RANGE = 100_000;

function range(args: readonly PyValue[]): PyValue[] {
  const number = (index: number, fallback: number): number =>
    integerArgument({ positional: args, named: new Map() }, index, "range() argument", fallback);
  const start = args.length > 1 ? number(0, 0) : 0;
  const stop = args.length > 1 ? number(1, 0) : number(0, 0);
  const step = number(2, 1);
  if (step === 0) fail("range() arg 3 must not be zero");
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > MAX_RANGE) fail("range too big");
  return Array.from({ length: count }, (_, i) => start + i * step);
}

function makeNamespace(args: readonly PyValue[], named: ReadonlyMap<string, PyValue>): PyValue {
  const [source] = args;
  const initial = isDict(source) ? [...source].map(([key, value]) => [pythonStr(key), value] as const) : [];
  return new Namespace(new Map([...initial, ...named]));
}

/** The scope below which a template runs: Jinja's and transformers' globals. */
export function globalScope(now: () => Date): Scope {
  const scope = new Scope();
  for (const [name, value] of [
    ["true", true],
    ["True", true],
    ["false", false],
    ["False", false],
    ["none", null],
    ["None", null],
  ] as const) {
    scope.set(name, value);
  }
  scope.set("range", range);
  scope.set("namespace", makeNamespace);
  scope.set("dict", (_args, named) => new Map(named));
  scope.set("raise_exception", ([message = null]) => fail(pythonStr(message)));
  scope.set("strftime_now", ([format = null]) => strftime(now(), pythonStr(format)));
  return scope;
}
