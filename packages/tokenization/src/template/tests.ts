import { isEqual } from "../python/compare";
import { isDict, isList, isNumeric, PyFloat, type PyValue, toNumber, Undefined } from "../python/values";
import { fail, unsupported } from "./failure";
import { applyOperator, contains } from "./operators";

type Check = (value: PyValue, other: PyValue) => boolean;

function isInteger(value: PyValue): boolean {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
}

function remainder(value: PyValue, divisor: PyValue): number {
  if (!isNumeric(value) || !isNumeric(divisor)) return fail("not a number");
  const [a, b] = [toNumber(value), toNumber(divisor)];
  return b === 0 ? fail("integer modulo by zero") : a - b * Math.floor(a / b);
}

function operator(symbol: string): Check {
  return (value, other) => applyOperator(symbol, value, other) === true;
}

/** Jinja's tests; `select` and its relatives pass a second value, `is` does not. */
const TESTS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["defined", (value) => !(value instanceof Undefined)],
  ["undefined", (value) => value instanceof Undefined],
  ["none", (value) => value === null],
  ["boolean", (value) => typeof value === "boolean"],
  ["true", (value) => value === true],
  ["false", (value) => value === false],
  ["string", (value) => typeof value === "string"],
  ["number", isNumeric],
  ["integer", (value) => isInteger(value) && typeof value !== "boolean"],
  ["float", (value) => value instanceof PyFloat],
  ["mapping", isDict],
  ["sequence", (value) => isList(value) || isDict(value) || typeof value === "string" || value instanceof Undefined],
  ["iterable", (value) => isList(value) || isDict(value) || typeof value === "string" || value instanceof Undefined],
  ["callable", (value) => typeof value === "function"],
  ["odd", (value) => remainder(value, 2) === 1],
  ["even", (value) => remainder(value, 2) === 0],
  ["divisibleby", (value, other) => remainder(value, other) === 0],
  ["lower", (value) => typeof value === "string" && value !== value.toUpperCase() && value === value.toLowerCase()],
  ["upper", (value) => typeof value === "string" && value !== value.toLowerCase() && value === value.toUpperCase()],
  ["sameas", (value, other) => value === other],
  ["equalto", isEqual],
  ["eq", isEqual],
  ["==", isEqual],
  ["ne", (value, other) => !isEqual(value, other)],
  ["!=", (value, other) => !isEqual(value, other)],
  ["in", (value, other) => contains(other, value)],
  ["lt", operator("<")],
  ["<", operator("<")],
  ["lessthan", operator("<")],
  ["le", operator("<=")],
  ["<=", operator("<=")],
  ["gt", operator(">")],
  [">", operator(">")],
  ["greaterthan", operator(">")],
  ["ge", operator(">=")],
  [">=", operator(">=")],
]);

/** Runs the test called `name`. */
export function runTest(name: string, value: PyValue, other: PyValue = null): boolean {
  const test = TESTS.get(name) ?? unsupported(`the test '${name}'`);
  return test(value, other);
}
