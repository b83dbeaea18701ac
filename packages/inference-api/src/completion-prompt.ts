import type { ByteRange, Prompt } from "@warmpath/contracts";
import { OPEN_BRACKET, QUOTE } from "./bytes";
import { invalidField } from "./invalid";
import type { JsonScanner } from "./json-scanner";
import { readText } from "./scalars";
import { readTokenIds } from "./token-lists";

const EXPECTED = "a string, an array of strings, an array of token ids, or an array of arrays of token ids";

/** Prompts of one body; each costs memory beyond its bytes. */
const MAX_PROMPTS = 65_536;

/** Decodes the `prompt` of a completion. The first element of an array says what the array holds. */
export function readCompletionPrompt(scanner: JsonScanner, range: ByteRange): Prompt {
  const { bytes } = scanner;
  if (bytes[range.start] === QUOTE) return { kind: "text", text: readText(bytes, range.start, range.end) };
  const first = bytes[scanner.skipSpace(range.start + 1)];
  if (first === QUOTE) return { kind: "texts", texts: readTexts(scanner, range.start) };
  if (first === OPEN_BRACKET) return { kind: "token-lists", tokenLists: readTokenLists(scanner, range.start) };
  return { kind: "tokens", tokenIds: readTokenIds(scanner, range.start, range.end, "prompt") };
}

function readTexts(scanner: JsonScanner, at: number): string[] {
  const texts: string[] = [];
  scanner.forEachItem(at, 1, (start) => {
    if (scanner.bytes[start] !== QUOTE) throw invalidField("prompt", EXPECTED);
    const end = scanner.skipString(start);
    checkCount(texts.length);
    texts.push(readText(scanner.bytes, start, end));
    return end;
  });
  return texts;
}

function readTokenLists(scanner: JsonScanner, at: number): Uint32Array[] {
  const lists: Uint32Array[] = [];
  scanner.forEachItem(at, 1, (start) => {
    if (scanner.bytes[start] !== OPEN_BRACKET) throw invalidField("prompt", EXPECTED);
    const end = scanner.skipValue(start, 1);
    checkCount(lists.length);
    lists.push(readTokenIds(scanner, start, end, "prompt"));
    return end;
  });
  return lists;
}

function checkCount(count: number): void {
  if (count >= MAX_PROMPTS) throw invalidField("prompt", `at most ${MAX_PROMPTS} prompts`);
}
