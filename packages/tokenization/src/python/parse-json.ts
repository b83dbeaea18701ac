import { type PyDict, PyFloat, type PyValue } from "./values";

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside strings
const PLAIN_STRING = /[^"\\\u0000-\u001f]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them inside strings
const SPECIAL_CHARACTER = /[\\\u0000-\u001f]/;
const SPACE = 0x20;
const WHITE_SPACE = /[ \t\n\r]*/y;
const MAX_DEPTH = 900;
const CONSTANTS: readonly (readonly [string, PyValue])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", new PyFloat(Number.NaN)],
  ["Infinity", new PyFloat(Number.POSITIVE_INFINITY)],
  ["-Infinity", new PyFloat(Number.NEGATIVE_INFINITY)],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Python's `json.loads`: ints and floats stay apart, big ints are exact, the last of equal keys wins. Throws SyntaxError. */
export function parsePythonJson(text: string): PyValue {
  return new Parser(text).document();
}

class Parser {
  #at = 0;

  constructor(readonly text: string) {}

  document(): PyValue {
    this.#skip();
    const value = this.#value(0);
    this.#skip();
    if (this.#at < this.text.length) throw this.#error("extra data");
    return value;
  }

  #error(what: string): SyntaxError {
    return new SyntaxError(`${what} at character ${this.#at}`);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match) this.#at += match[0].length;
    return match;
  }

  #skip(): void {
    if (this.text.charCodeAt(this.#at) <= SPACE) this.#match(WHITE_SPACE);
  }

  #take(token: string): boolean {
    if (!this.text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #value(depth: number): PyValue {
    if (depth > MAX_DEPTH) throw this.#error("too deeply nested");
    if (this.#take('"')) return this.#string();
    if (this.#take("{")) return this.#object(depth);
    if (this.#take("[")) return this.#array(depth);
    const number = this.#match(NUMBER);
    if (number) return toPythonNumber(number[0], number[1] !== undefined || number[2] !== undefined);
    for (const [token, value] of CONSTANTS) if (this.#take(token)) return value;
    throw this.#error("expecting a value");
  }

  #string(): string {
    // Most strings have no escape: then they are a slice of the text.
    const end = this.text.indexOf('"', this.#at);
    const plain = end < 0 ? undefined : this.text.slice(this.#at, end);
    if (plain === undefined || SPECIAL_CHARACTER.test(plain)) return this.#escapedString();
    this.#at = end + 1;
    return plain;
  }

  #escapedString(): string {
    let out = "";
    for (;;) {
      out += this.#match(PLAIN_STRING)?.[0] ?? "";
      const next = this.text[this.#at++];
      if (next === '"') return out;
      if (next !== "\\") throw this.#error("unterminated string or control character");
      out += this.#escape();
    }
  }

  #escape(): string {
    const kind = this.text[this.#at++] ?? "";
    if (kind !== "u") {
      const plain = ESCAPES[kind];
      if (plain === undefined) throw this.#error("invalid escape");
      return plain;
    }
    const hex = this.text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#error("invalid \\u escape");
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }

  #array(depth: number): PyValue[] {
    const items: PyValue[] = [];
    this.#skip();
    if (this.#take("]")) return items;
    for (;;) {
      this.#skip();
      items.push(this.#value(depth + 1));
      this.#skip();
      if (this.#take("]")) return items;
      if (!this.#take(",")) throw this.#error("expecting ',' or ']'");
    }
  }

  #object(depth: number): PyDict {
    const dict: PyDict = new Map();
    this.#skip();
    if (this.#take("}")) return dict;
    for (;;) {
      this.#skip();
      if (!this.#take('"')) throw this.#error("expecting a property name");
      const key = this.#string();
      this.#skip();
      if (!this.#take(":")) throw this.#error("expecting ':'");
      this.#skip();
      dict.set(key, this.#value(depth + 1));
      this.#skip();
      if (this.#take("}")) return dict;
      if (!this.#take(",")) throw this.#error("expecting ',' or '}'");
    }
  }
}

function toPythonNumber(lexeme: string, isFloat: boolean): PyValue {
  if (isFloat) return new PyFloat(Number(lexeme));
  const value = Number(lexeme);
  return Number.isSafeInteger(value) ? value + 0 : BigInt(lexeme);
}
