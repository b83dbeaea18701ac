import { parse, tokenize } from "@huggingface/jinja";

/** Nodes of the syntax tree that `@huggingface/jinja` builds, as far as rendering reads them. */
export type Node =
  | Identifier
  | Call
  | { readonly type: "Program"; readonly body: readonly Node[] }
  | { readonly type: "If"; readonly test: Node; readonly body: readonly Node[]; readonly alternate: readonly Node[] }
  | For
  | { readonly type: "Break" | "Continue" | "Comment" }
  | SetNode
  | Macro
  | CallBlock
  | { readonly type: "FilterStatement"; readonly filter: Identifier | Call; readonly body: readonly Node[] }
  | Member
  | { readonly type: "IntegerLiteral" | "FloatLiteral"; readonly value: number }
  | StringLiteral
  | { readonly type: "ArrayLiteral" | "TupleLiteral"; readonly value: readonly Node[] }
  | { readonly type: "ObjectLiteral"; readonly value: ReadonlyMap<Node, Node> }
  | Binary
  | { readonly type: "FilterExpression"; readonly operand: Node; readonly filter: Identifier | Call }
  | Test
  | Select
  | { readonly type: "UnaryExpression"; readonly operator: { readonly value: string }; readonly argument: Node }
  | Ternary
  | Slice
  | KeywordArgument
  | { readonly type: "SpreadExpression" | "KeywordSpreadExpression"; readonly argument: Node };

export interface Identifier {
  readonly type: "Identifier";
  readonly value: string;
}
export interface StringLiteral {
  readonly type: "StringLiteral";
  readonly value: string;
}
export interface Call {
  readonly type: "CallExpression";
  readonly callee: Node;
  readonly args: readonly Node[];
}
export interface For {
  readonly type: "For";
  readonly loopvar: Node;
  readonly iterable: Node;
  readonly body: readonly Node[];
  readonly defaultBlock: readonly Node[];
}
export interface SetNode {
  readonly type: "Set";
  readonly assignee: Node;
  readonly value: Node | null;
  readonly body: readonly Node[];
}
export interface Macro {
  readonly type: "Macro";
  readonly name: Identifier;
  readonly args: readonly (Identifier | KeywordArgument)[];
  readonly body: readonly Node[];
}
export interface CallBlock {
  readonly type: "CallStatement";
  readonly call: Call;
  readonly callerArgs: readonly (Identifier | KeywordArgument)[] | null;
  readonly body: readonly Node[];
}
export interface Member {
  readonly type: "MemberExpression";
  readonly object: Node;
  readonly property: Node;
  readonly computed: boolean;
}
export interface Binary {
  readonly type: "BinaryExpression";
  readonly operator: { readonly value: string };
  readonly left: Node;
  readonly right: Node;
}
export interface Test {
  readonly type: "TestExpression";
  readonly operand: Node;
  readonly negate: boolean;
  readonly test: Identifier;
}
export interface Select {
  readonly type: "SelectExpression";
  readonly lhs: Node;
  readonly test: Node;
}
export interface Ternary {
  readonly type: "Ternary";
  readonly condition: Node;
  readonly trueExpr: Node;
  readonly falseExpr: Node;
}
export interface Slice {
  readonly type: "SliceExpression";
  readonly start?: Node | undefined;
  readonly stop?: Node | undefined;
  readonly step?: Node | undefined;
}
export interface KeywordArgument {
  readonly type: "KeywordArgumentExpression";
  readonly key: Identifier;
  readonly value: Node;
}

/** Parses a chat template as transformers configures Jinja: blocks trim their line. Throws SyntaxError. */
export function parseTemplate(source: string): readonly Node[] {
  const program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  return program.body as unknown as readonly Node[];
}

/** Calls `visit` with every node below `root`, in the order of the source. */
export function walk(root: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(root)) {
    for (const item of root) walk(item, visit);
  } else if (root instanceof Map) {
    for (const [key, value] of root) walk([key, value], visit);
  } else if (typeof root === "object" && root !== null) {
    if ("type" in root) visit(root as Node);
    for (const child of Object.values(root)) if (typeof child === "object") walk(child, visit);
  }
}
