import { compareValues, isEqual } from "../python/compare";
import { pythonStr } from "../python/text";
import { isDict, isList, isNumeric, PyFloat, PyTuple, type PyValue, toNumber, Undefined } from "../python/values";
import { fail } from "./failure";
import { iterate } from "./iterate";

type Numeric = number | bigint | boolean | PyFloat;

/** Applies a binary operator with Python's rules; `and` and `or` are the evaluator's. */
export function applyOperator(operator: string, left: PyValue, right: PyValue): PyValue {
  switch (operator) {
    case "==":
      return isEqual(left, right);
    case "!=":
      return !isEqual(left, right);
    case "in":
      return contains(right, left);
    case "not in":
      return !contains(right, left);
    case "~":
      return pythonStr(left) + pythonStr(right);
    case "<":
      return order(left, right) < 0;
    case "<=":
      return order(left, right) <= 0;
    case ">":
      return order(left, right) > 0;
    case ">=":
      return order(left, right) >= 0;
    default:
      return arithmetic(operator, left, right);
  }
}

function order(left: PyValue, right: PyValue): number {
  if (left instanceof Undefined) fail(left.reason);
  if (right instanceof Undefined) fail(right.reason);
  try {
    return compareValues(left, right);
  } catch {
    return fail("values of these types cannot be ordered");
  }
}

/** Python's `in`. */
export function contains(container: PyValue, item: PyValue): boolean {
  if (typeof container === "string") {
    return typeof item === "string" ? container.includes(item) : fail("'in <string>' requires a string");
  }
  if (isDict(container)) return container.has(item);
  return iterate(container).some((member) => isEqual(member, item));
}

function arithmetic(operator: string, left: PyValue, right: PyValue): PyValue {
  if (left instanceof Undefined) fail(left.reason);
  if (right instanceof Undefined) fail(right.reason);
  if (isNumeric(left) && isNumeric(right)) return numeric(operator, left, right);
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") return left + right;
    if (isList(left) && isList(right)) {
      return left instanceof PyTuple ? PyTuple.from([...left, ...right]) : [...left, ...right];
    }
  }
  if (operator === "*") {
    if (isNumeric(right)) return repeat(left, right);
    if (isNumeric(left)) return repeat(right, left);
  }
  return fail(`unsupported operand types for ${operator}`);
}

function repeat(sequence: PyValue, times: Numeric): PyValue {
  if (times instanceof PyFloat) fail("cannot multiply a sequence by a float");
  const count = Math.max(0, Number(times));
  if (typeof sequence === "string") return sequence.repeat(count);
  if (isList(sequence)) return Array.from({ length: count }, () => sequence).flat(1);
  return fail("unsupported operand types for *");
}

function numeric(operator: string, left: Numeric, right: Numeric): PyValue {
  if (left instanceof PyFloat || right instanceof PyFloat || operator === "/") {
    return new PyFloat(floatArithmetic(operator, toNumber(left), toNumber(right)));
  }
  if (operator === "**" && toNumber(right) < 0) return new PyFloat(toNumber(left) ** toNumber(right));
  return narrow(integerArithmetic(operator, BigInt(left), BigInt(right)));
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function floatArithmetic(operator: string, a: number, b: number): number {
  if (b === 0 && (operator === "/" || operator === "//" || operator === "%")) fail("division by zero");
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "//":
      return Math.floor(a / b);
    case "%":
      return a - b * Math.floor(a / b);
    case "**":
      return a ** b;
    default:
      return fail(`unknown operator ${operator}`);
  }
}

function integerArithmetic(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "//":
    case "%": {
      if (b === 0n) fail("integer division or modulo by zero");
      const remainder = ((a % b) + b) % b;
      return operator === "%" ? remainder : (a - remainder) / b;
    }
    case "**":
      return b > 4096n ? fail("the exponent is too large") : a ** b;
    default:
      return fail(`unknown operator ${operator}`);
  }
}
