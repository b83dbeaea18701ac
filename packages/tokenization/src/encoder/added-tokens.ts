/** An entry of `added_tokens` in tokenizer.json. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly singleWord: boolean;
  readonly leftStrip: boolean;
  readonly rightStrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A stretch of text, or an added token found in it. */
export type Piece = string | AddedToken;

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  token: AddedToken | undefined;
}

const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;
const SPACE_BEFORE = /\p{White_Space}+$/u;
const SPACE_AFTER = /^\p{White_Space}+/u;

/** Cuts texts at added tokens: the leftmost first, the longest where several begin. */
export function createAddedTokenSplitter(
  tokens: readonly (readonly [string, AddedToken])[],
): (text: string) => Piece[] {
  const root: TrieNode = { next: new Map(), token: undefined };
  for (const [content, token] of tokens) if (content !== "") insert(root, content, token);
  return (text) => (root.next.size === 0 ? (text === "" ? [] : [text]) : split(root, text));
}

function insert(root: TrieNode, content: string, token: AddedToken): void {
  let node = root;
  for (let i = 0; i < content.length; i++) {
    const unit = content.charCodeAt(i);
    let next = node.next.get(unit);
    if (!next) {
      next = { next: new Map(), token: undefined };
      node.next.set(unit, next);
    }
    node = next;
  }
  node.token ??= token;
}

/** The longest token that begins at `at`, with its end. */
function longest(root: TrieNode, text: string, at: number): { token: AddedToken; end: number } | undefined {
  let node = root.next.get(text.charCodeAt(at));
  let found: { token: AddedToken; end: number } | undefined;
  for (let i = at + 1; node; i++) {
    if (node.token) found = { token: node.token, end: i };
    node = i < text.length ? node.next.get(text.charCodeAt(i)) : undefined;
  }
  return found;
}

function split(root: TrieNode, text: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let at = 0;
  while (at < text.length) {
    const match = longest(root, text, at);
    if (!match) {
      at++;
      continue;
    }
    const { token } = match;
    at = match.end;
    if (token.singleWord && !standsAlone(text, match.end - token.content.length, match.end)) continue;
    const before = text.slice(start, match.end - token.content.length);
    const plain = token.leftStrip ? before.replace(SPACE_BEFORE, "") : before;
    if (plain !== "") pieces.push(plain);
    pieces.push(token);
    if (token.rightStrip) at += SPACE_AFTER.exec(text.slice(at))?.[0].length ?? 0;
    start = at;
  }
  if (start < text.length) pieces.push(text.slice(start));
  return pieces;
}

function standsAlone(text: string, start: number, end: number): boolean {
  return !WORD.test(text.slice(0, start).slice(-1)) && !WORD.test(text.slice(end, end + 1));
}
