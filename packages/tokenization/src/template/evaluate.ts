import { pythonStr } from "../python/text";
import {
  isDict,
  isNumeric,
  isTruthy,
  Namespace,
  PyFloat,
  PyTuple,
  type PyValue,
  toNumber,
  Undefined,
} from "../python/values";
import type { Arguments } from "./arguments";
import type { Binary, Call, CallBlock, For, Identifier, KeywordArgument, Macro, Member, Node, SetNode } from "./ast";
import { fail, unsupported } from "./failure";
import { applyFilter } from "./filters";
import { iterate } from "./iterate";
import { loopVariable } from "./loop";
import { getAttribute, getItem, getSlice } from "./members";
import { applyOperator } from "./operators";
import { Scope } from "./scope";
import { runTest } from "./tests";

/** What a loop body ended with. */
type Flow = "next" | "break" | "continue";

/** Runs statements, appending what they print to `out`. */
export function runBlock(nodes: readonly Node[], scope: Scope, out: string[]): Flow {
  for (const node of nodes) {
    const flow = runStatement(node, scope, out);
    if (flow !== "next") return flow;
  }
  return "next";
}

function runStatement(node: Node, scope: Scope, out: string[]): Flow {
  switch (node.type) {
    case "StringLiteral":
      out.push(node.value);
      return "next";
    case "Comment":
      return "next";
    case "Break":
      return "break";
    case "Continue":
      return "continue";
    case "If":
      return runBlock(isTruthy(evaluate(node.test, scope)) ? node.body : node.alternate, scope, out);
    case "For":
      runFor(node, scope, out);
      return "next";
    case "Set":
      runSet(node, scope);
      return "next";
    case "Macro":
      scope.set(node.name.value, makeMacro(node, scope));
      return "next";
    case "CallStatement":
      out.push(pythonStr(runCallBlock(node, scope)));
      return "next";
    case "FilterStatement":
      out.push(pythonStr(filtered(capture(node.body, scope), node.filter, scope)));
      return "next";
    default:
      out.push(pythonStr(evaluate(node, scope)));
      return "next";
  }
}

/** The text that statements print. */
function capture(nodes: readonly Node[], scope: Scope): string {
  const out: string[] = [];
  runBlock(nodes, scope, out);
  return out.join("");
}

function runFor(node: For, scope: Scope, out: string[]): void {
  const items = loopItems(node, scope);
  if (items.length === 0) {
    runBlock(node.defaultBlock, new Scope(scope), out);
    return;
  }
  for (let i = 0; i < items.length; i++) {
    const inner = new Scope(scope);
    inner.set("loop", loopVariable(items, i));
    assign(node.loopvar, items[i] as PyValue, inner);
    if (runBlock(node.body, inner, out) === "break") return;
  }
}

/** The items of a loop, without those that its `if` drops. */
function loopItems(node: For, scope: Scope): readonly PyValue[] {
  if (node.iterable.type !== "SelectExpression") return iterate(evaluate(node.iterable, scope));
  const { lhs, test } = node.iterable;
  return iterate(evaluate(lhs, scope)).filter((item) => {
    const inner = new Scope(scope);
    assign(node.loopvar, item, inner);
    return isTruthy(evaluate(test, inner));
  });
}

function assign(target: Node, value: PyValue, scope: Scope): void {
  if (target.type === "Identifier") {
    scope.set(target.value, value);
  } else if (target.type === "TupleLiteral") {
    const items = iterate(value);
    if (items.length !== target.value.length) fail("the number of values to unpack is wrong");
    target.value.forEach((part, i) => {
      assign(part, items[i] as PyValue, scope);
    });
  } else if (target.type === "MemberExpression" && target.property.type === "Identifier") {
    const object = evaluate(target.object, scope);
    if (!(object instanceof Namespace)) fail("cannot assign attribute on non-namespace object");
    else object.attributes.set(target.property.value, value);
  } else {
    unsupported("an unknown assignment");
  }
}

function runSet(node: SetNode, scope: Scope): void {
  // The body of a block assignment sees the outer names, but what it sets stays inside.
  const value = node.value ? evaluate(node.value, scope) : capture(node.body, new Scope(scope));
  assign(node.assignee, value, scope);
}

/** A function that binds parameters in a scope below `scope` and prints `body`. */
function makeFunction(
  parameters: readonly (Identifier | KeywordArgument)[],
  body: readonly Node[],
  scope: Scope,
): (args: readonly PyValue[], named: ReadonlyMap<string, PyValue>) => PyValue {
  return (positional, named) => {
    const inner = new Scope(scope);
    const names = parameters.map((parameter) =>
      parameter.type === "Identifier" ? parameter.value : parameter.key.value,
    );
    inner.set("varargs", PyTuple.from(positional.slice(names.length)));
    inner.set("kwargs", new Map([...named].filter(([name]) => !names.includes(name) && name !== "caller")));
    const caller = named.get("caller");
    if (caller !== undefined) inner.set("caller", caller);
    parameters.forEach((parameter, i) => {
      const name = names[i] as string;
      const given = i < positional.length ? positional[i] : named.get(name);
      if (given !== undefined) inner.set(name, given);
      else if (parameter.type === "KeywordArgumentExpression") inner.set(name, evaluate(parameter.value, inner));
      else inner.set(name, new Undefined(`parameter '${name}' was not provided`));
    });
    return capture(body, inner);
  };
}

function makeMacro(node: Macro, scope: Scope): PyValue {
  return makeFunction(node.args, node.body, scope);
}

function runCallBlock(node: CallBlock, scope: Scope): PyValue {
  const caller = makeFunction(node.callerArgs ?? [], node.body, scope);
  const { positional, named } = evaluateArguments(node.call.args, scope);
  return invoke(evaluate(node.call.callee, scope), positional, new Map([...named, ["caller", caller]]));
}

function invoke(callee: PyValue, args: readonly PyValue[], named: ReadonlyMap<string, PyValue>): PyValue {
  if (callee instanceof Undefined) return fail(callee.reason);
  return typeof callee === "function" ? callee(args, named) : fail("object is not callable");
}

function evaluateArguments(nodes: readonly Node[], scope: Scope): Arguments {
  const positional: PyValue[] = [];
  const named = new Map<string, PyValue>();
  for (const node of nodes) {
    if (node.type === "KeywordArgumentExpression") named.set(node.key.value, evaluate(node.value, scope));
    else if (node.type === "SpreadExpression") positional.push(...iterate(evaluate(node.argument, scope)));
    else if (node.type === "KeywordSpreadExpression") spreadNamed(evaluate(node.argument, scope), named);
    else positional.push(evaluate(node, scope));
  }
  return { positional, named };
}

function spreadNamed(value: PyValue, named: Map<string, PyValue>): void {
  if (!isDict(value)) fail("argument after ** must be a mapping");
  else for (const [key, item] of value) named.set(pythonStr(key), item);
}

function filtered(value: PyValue, filter: Identifier | Call, scope: Scope): PyValue {
  if (filter.type === "Identifier") return applyFilter(filter.value, value, { positional: [], named: new Map() });
  if (filter.callee.type !== "Identifier") return unsupported("a computed filter");
  return applyFilter(filter.callee.value, value, evaluateArguments(filter.args, scope));
}

/** The value of an expression. */
export function evaluate(node: Node, scope: Scope): PyValue {
  switch (node.type) {
    case "StringLiteral":
      return node.value;
    case "IntegerLiteral":
      return node.value;
    case "FloatLiteral":
      return new PyFloat(node.value);
    case "ArrayLiteral":
      return node.value.map((item) => evaluate(item, scope));
    case "TupleLiteral":
      return PyTuple.from(node.value.map((item) => evaluate(item, scope)));
    case "ObjectLiteral":
      return new Map([...node.value].map(([key, value]) => [evaluate(key, scope), evaluate(value, scope)]));
    case "Identifier":
      return scope.get(node.value);
    case "MemberExpression":
      return evaluateMember(node, scope);
    case "CallExpression": {
      const { positional, named } = evaluateArguments(node.args, scope);
      return invoke(evaluate(node.callee, scope), positional, named);
    }
    case "BinaryExpression":
      return evaluateBinary(node, scope);
    case "UnaryExpression":
      return evaluateUnary(node.operator.value, evaluate(node.argument, scope));
    case "FilterExpression":
      return filtered(evaluate(node.operand, scope), node.filter, scope);
    case "TestExpression":
      return runTest(node.test.value, evaluate(node.operand, scope)) !== node.negate;
    case "Ternary":
      return evaluate(isTruthy(evaluate(node.condition, scope)) ? node.trueExpr : node.falseExpr, scope);
    case "SelectExpression":
      return isTruthy(evaluate(node.test, scope))
        ? evaluate(node.lhs, scope)
        : new Undefined("the inline if has no else");
    default:
      return unsupported(`the statement ${node.type}`);
  }
}

function evaluateBinary(node: Binary, scope: Scope): PyValue {
  const left = evaluate(node.left, scope);
  if (node.operator.value === "and") return isTruthy(left) ? evaluate(node.right, scope) : left;
  if (node.operator.value === "or") return isTruthy(left) ? left : evaluate(node.right, scope);
  return applyOperator(node.operator.value, left, evaluate(node.right, scope));
}

function evaluateUnary(operator: string, value: PyValue): PyValue {
  if (operator === "not") return !isTruthy(value);
  if (!isNumeric(value)) return fail(`bad operand type for unary ${operator}`);
  if (operator === "+") return value;
  if (value instanceof PyFloat) return new PyFloat(-value.value);
  return typeof value === "bigint" ? -value : 0 - toNumber(value);
}

function evaluateMember(node: Member, scope: Scope): PyValue {
  const object = evaluate(node.object, scope);
  const { property } = node;
  if (!node.computed) {
    if (property.type === "Identifier") return getAttribute(object, property.value);
    return getItem(object, evaluate(property, scope));
  }
  if (property.type !== "SliceExpression") return getItem(object, evaluate(property, scope));
  const bound = (part: Node | undefined): PyValue => (part ? evaluate(part, scope) : null);
  return getSlice(object, bound(property.start), bound(property.stop), bound(property.step));
}
