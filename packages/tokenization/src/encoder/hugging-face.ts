import { Tokenizer } from "@huggingface/tokenizers";
import { type AddedToken, createAddedTokenSplitter, type Piece } from "./added-tokens";
import type { TextEncoding } from "./encoder";
import { withNativeRules } from "./native-rules";
import { nativeNormalize } from "./normalize";
import { wellFormed } from "./well-formed";

/** Stands for the text when the ids around a text are asked for. */
const MARK = "\u0000";

/** A tokenizer.json as parsed, checked as far as `createHuggingFaceEncoding` reads it. */
export interface TokenizerJson {
  readonly [key: string]: unknown;
  readonly model: Readonly<Record<string, unknown>>;
}

/** Encodes with `@huggingface/tokenizers`; added tokens are found here, so that they can also be left alone. */
export function createHuggingFaceEncoding(file: TokenizerJson): TextEncoding {
  const added = readAddedTokens(file.added_tokens);
  const library = new Tokenizer({ ...file, pre_tokenizer: withNativeRules(file.pre_tokenizer) }, {});
  const { normalizer } = library;
  const normalize = normalizer ? nativeNormalize(file.normalizer, (text) => normalizer(text)) : (text: string) => text;
  const raw = createAddedTokenSplitter(keyed(added.filter(({ normalized }) => !normalized)));
  const later = createAddedTokenSplitter(
    added.filter(({ normalized }) => normalized).map((token) => [normalize(token.content), token]),
  );

  const encodePlain = (text: string, into: number[]): void => {
    if (text === "") return;
    // Metaspace puts a space before the first section only; nothing before it means that this is the first.
    const options = { section_index: into.length === 0 ? 0 : 1 };
    const words = library.pre_tokenizer ? library.pre_tokenizer(text, options) : [text];
    for (const token of library.model?.(words) ?? []) {
      const id = library.token_to_id(token);
      if (id !== undefined) into.push(id);
    }
  };
  const encodePieces = (pieces: readonly Piece[], into: number[], plain: (text: string) => void): void => {
    for (const piece of pieces) {
      if (typeof piece === "string") plain(piece);
      else into.push(piece.id);
    }
  };
  const { prefix, suffix } = surroundings(library);
  return {
    encode(text) {
      const ids: number[] = [];
      encodePieces(raw(wellFormed(text)), ids, (part) =>
        encodePieces(later(normalize(part)), ids, (rest) => encodePlain(rest, ids)),
      );
      return ids;
    },
    encodeOrdinary(text) {
      const ids: number[] = [];
      encodePlain(normalize(wellFormed(text)), ids);
      return ids;
    },
    decode: createDecode(library, added),
    idOf: (token) => library.token_to_id(token),
    prefix,
    suffix,
    size: vocabularySize(file, added),
  };
}

function keyed(tokens: readonly AddedToken[]): (readonly [string, AddedToken])[] {
  return tokens.map((token) => [token.content, token] as const);
}

function readAddedTokens(value: unknown): AddedToken[] {
  if (!Array.isArray(value)) return [];
  return (value as Readonly<Record<string, unknown>>[]).map((entry) => ({
    id: Number(entry.id),
    content: String(entry.content),
    singleWord: entry.single_word === true,
    leftStrip: entry.lstrip === true,
    rightStrip: entry.rstrip === true,
    normalized: entry.normalized === undefined ? entry.special !== true : entry.normalized === true,
    special: entry.special === true,
  }));
}

/** The ids that the post-processor puts around a text. */
function surroundings(library: Tokenizer): { prefix: number[]; suffix: number[] } {
  const tokens = library.post_processor?.([MARK], null, true).tokens ?? [MARK];
  const ids = (part: readonly string[]): number[] => part.flatMap((token) => library.token_to_id(token) ?? []);
  const at = tokens.indexOf(MARK);
  return { prefix: ids(tokens.slice(0, at)), suffix: ids(tokens.slice(at + 1)) };
}

function createDecode(library: Tokenizer, added: readonly AddedToken[]): TextEncoding["decode"] {
  const byId = new Map(added.map((token) => [token.id, token]));
  return (ids, skipSpecialTokens) => {
    const tokens = ids.flatMap((id) => {
      if (skipSpecialTokens && byId.get(id)?.special) return [];
      return byId.get(id)?.content ?? library.id_to_token(id) ?? [];
    });
    if (tokens.length === 0) return "";
    return library.decoder ? library.decoder(tokens) : tokens.join(" ");
  };
}

function vocabularySize(file: TokenizerJson, added: readonly AddedToken[]): number {
  let highest = added.reduce((best, { id }) => Math.max(best, id), -1);
  const vocabulary = file.model.vocab;
  if (Array.isArray(vocabulary)) return Math.max(highest + 1, vocabulary.length);
  for (const id of Object.values((vocabulary ?? {}) as Record<string, number>)) if (id > highest) highest = id;
  return highest + 1;
}
