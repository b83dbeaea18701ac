import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { WarmpathError } from "@warmpath/contracts";
import type { LocalTokenizer, RenderedChat } from "@warmpath/tokenization";
import type { CaseResult, GoldenKind } from "../kind";
import { familyOf, loadFamily } from "./tokenizer-data";

interface ChatCase {
  readonly name: string;
  readonly status: number;
  readonly error?: string;
  readonly prepared?: readonly unknown[];
  readonly template_kwargs?: Readonly<Record<string, unknown>>;
  readonly text?: string;
  readonly ids?: readonly number[];
}

/** One digest, none, or one for each named template. */
type TemplateDigest = string | null | { readonly default: string };

interface ChatsFile {
  readonly about: { readonly family?: string; readonly chat_template_sha256: TemplateDigest };
}

/** Chat bodies and the prompts that vLLM makes of them: `tokenization/FAMILY/chats.json`, known by their heads. */
export const chatsKind: GoldenKind = {
  name: "tokenization/chats",
  matches: (path, head) =>
    path.endsWith(".json") && head.includes('"about"') && head.includes('"chat_template_sha256"'),
  async *run(path) {
    const source = await readFile(path, "utf8");
    const { about } = JSON.parse(source) as ChatsFile;
    const tokenizer = await loadFamily(familyOf(path, about));
    yield checkTemplate(about.chat_template_sha256, tokenizer);
    for (const line of caseLines(source)) yield runChat(line, tokenizer);
  },
};

/** Each case stands on a line of its own. */
function caseLines(source: string): string[] {
  return source
    .split("\n")
    .map((line) => line.replace(/,$/, ""))
    .filter((line) => line.startsWith('{"name":'));
}

function checkTemplate(recorded: TemplateDigest, tokenizer: LocalTokenizer): CaseResult {
  const expected = typeof recorded === "object" && recorded !== null ? recorded.default : recorded;
  const actual = tokenizer.chatTemplateSha256 ?? null;
  return { name: "chat_template_sha256", passed: expected === actual, detail: `expected ${expected}\ngot ${actual}` };
}

function runChat(line: string, tokenizer: LocalTokenizer): CaseResult {
  const item = JSON.parse(line) as ChatCase;
  const problems = item.status === 200 ? checkRendered(item, line, tokenizer) : checkRefused(item, line, tokenizer);
  if (problems.length === 0) return { name: item.name, passed: true };
  return { name: item.name, passed: false, detail: [`request ${requestText(line)}`, ...problems].join("\n") };
}

/** The request exactly as recorded: parsing would lose the difference between 1 and 1.0. */
function requestText(line: string): string {
  const start = line.indexOf('"request":') + '"request":'.length;
  let depth = 0;
  for (let i = start; i < line.length; i++) {
    if (line[i] === '"') i = endOfString(line, i);
    else if (line[i] === "{" || line[i] === "[") depth++;
    else if ((line[i] === "}" || line[i] === "]") && --depth === 0) return line.slice(start, i + 1);
  }
  throw new SyntaxError("the request has no end");
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i;
}

function checkRefused(item: ChatCase, line: string, tokenizer: LocalTokenizer): string[] {
  try {
    const { text } = tokenizer.renderChat(requestText(line));
    return [`expected status ${item.status}: ${item.error}`, `got text ${JSON.stringify(text)}`];
  } catch (error) {
    if (WarmpathError.isInstance(error) && error.status === item.status) return [];
    return [`expected status ${item.status}: ${item.error}`, `got ${String(error)}`];
  }
}

function checkRendered(item: ChatCase, line: string, tokenizer: LocalTokenizer): string[] {
  let chat: RenderedChat;
  try {
    chat = tokenizer.renderChat(requestText(line));
  } catch (error) {
    return [`expected text ${JSON.stringify(item.text)}`, `got ${String(error)}`];
  }
  return [
    ...difference("text", item.text, chat.text),
    ...difference("ids", item.ids, [...chat.tokenIds]),
    ...(item.prepared ? difference("prepared", item.prepared, chat.messages) : []),
    ...(item.template_kwargs ? difference("template_kwargs", item.template_kwargs, chat.templateArguments) : []),
  ];
}

function difference(what: string, expected: unknown, actual: unknown): string[] {
  // A recorded big integer was read as a double; the text shows whether its digits are right.
  const shown = JSON.stringify(actual, (_key, value) => (typeof value === "bigint" ? Number(value) : value));
  if (
    isDeepStrictEqual(expected, actual) ||
    isDeepStrictEqual(expected, shown === undefined ? undefined : JSON.parse(shown))
  )
    return [];
  return [`${what}: expected ${JSON.stringify(expected)}`, `${what}: got ${shown}`];
}
