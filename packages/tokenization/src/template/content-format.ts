import { type Call, type For, type Macro, type Node, walk } from "./ast";

/** How a template reads a message's content: as one text, or as a list of parts. */
export type ContentFormat = "string" | "openai";

/**
 * Finds out whether a template loops over a message's content, as vLLM's `_detect_content_format` does: by following
 * `messages` through assignments, namespaces and loops to a loop over `message.content`, over a macro parameter that
 * is given it, or over a variable called `content`.
 */
export function detectContentFormat(template: readonly Node[]): ContentFormat {
  const nodes: Node[] = [];
  walk(template, (node) => nodes.push(node));
  const loops = nodes.filter((node): node is For => node.type === "For");
  const messages = messageNames(nodes, loops);
  const inMacros = loopsInMacros(nodes, messages);
  const overContent = loops.some((loop) => {
    const source = iterableOf(loop);
    if (messages.some((name) => readsFrom(source, name, "content"))) return true;
    if (source.type !== "Identifier") return false;
    const parameters = inMacros.get(loop);
    return parameters ? parameters.has(source.value) : source.value === "content";
  });
  return overContent ? "openai" : "string";
}

function iterableOf(loop: For): Node {
  return loop.iterable.type === "SelectExpression" ? loop.iterable.lhs : loop.iterable;
}

/** True for the variable `name`; a dotted name is a namespace attribute. */
function isVariable(node: Node, name: string): boolean {
  if (node.type === "Identifier") return node.value === name;
  const dot = name.lastIndexOf(".");
  if (node.type !== "MemberExpression" || node.computed || dot < 0) return false;
  return isName(node.property, name.slice(dot + 1)) && isVariable(node.object, name.slice(0, dot));
}

function isName(node: Node, name: string): boolean {
  return node.type === "Identifier" && node.value === name;
}

/** True for the variable, or its key, also behind filters, tests and slices. */
function readsFrom(node: Node, name: string, key?: string): boolean {
  if (node.type === "FilterExpression" || node.type === "TestExpression") return readsFrom(node.operand, name, key);
  if (node.type !== "MemberExpression") return key === undefined && isVariable(node, name);
  if (node.computed && node.property.type === "SliceExpression") return readsFrom(node.object, name, key);
  if (key === undefined) return isVariable(node, name);
  const named = node.computed
    ? node.property.type === "StringLiteral" && node.property.value === key
    : isName(node.property, key);
  return named && isVariable(node.object, name);
}

/** Names that a message may have inside loops over `messages` or over what was assigned from it. */
function messageNames(nodes: readonly Node[], loops: readonly For[]): string[] {
  const lists = new Set(["messages"]);
  // A set grows while it is visited, so aliases of aliases are found too.
  for (const list of lists) for (const alias of nodes.flatMap((node) => aliasesOf(node, list))) lists.add(alias);
  return loops
    .filter((loop) => [...lists].some((list) => readsFrom(iterableOf(loop), list)))
    .flatMap((loop) => (loop.loopvar.type === "Identifier" ? [loop.loopvar.value] : []));
}

/** Names that an assignment gives to the list called `list`. */
function aliasesOf(node: Node, list: string): string[] {
  if (node.type !== "Set" || !node.value) return [];
  const { assignee, value } = node;
  if (assignee.type === "Identifier") {
    if (readsFrom(value, list)) return [assignee.value];
    if (value.type !== "CallExpression" || !isName(value.callee, "namespace")) return [];
    return value.args.flatMap((arg) =>
      arg.type === "KeywordArgumentExpression" && readsFrom(arg.value, list)
        ? [`${assignee.value}.${arg.key.value}`]
        : [],
    );
  }
  if (assignee.type !== "MemberExpression" || !readsFrom(value, list)) return [];
  const { object, property } = assignee;
  return object.type === "Identifier" && property.type === "Identifier" ? [`${object.value}.${property.value}`] : [];
}

/** Loops inside macros, with the macro's parameters that are given a message's content somewhere. */
function loopsInMacros(nodes: readonly Node[], messages: readonly string[]): Map<Node, ReadonlySet<string>> {
  const calls = nodes.filter((node): node is Call => node.type === "CallExpression");
  const found = new Map<Node, ReadonlySet<string>>();
  for (const macro of nodes.filter((node): node is Macro => node.type === "Macro")) {
    const parameters = contentParameters(macro, calls, messages);
    walk(macro.body, (node) => {
      if (node.type === "For") found.set(node, parameters);
    });
  }
  return found;
}

function contentParameters(macro: Macro, calls: readonly Call[], messages: readonly string[]): ReadonlySet<string> {
  const names = macro.args.map((arg) => (arg.type === "Identifier" ? arg.value : arg.key.value));
  const isContent = (node: Node): boolean => messages.some((name) => readsFrom(node, name, "content"));
  const found = new Set<string>();
  for (const call of calls.filter(({ callee }) => isName(callee, macro.name.value))) {
    call.args.forEach((arg, i) => {
      const name = arg.type === "KeywordArgumentExpression" ? arg.key.value : names[i];
      if (name !== undefined && isContent(arg.type === "KeywordArgumentExpression" ? arg.value : arg)) found.add(name);
    });
  }
  return found;
}
