import type { ByteRange, InferenceRequest, Tokenizer } from "@warmpath/contracts";
import { clientPrompt } from "../prompt";
import { packBytes, withoutUnicodeEscapes } from "./pack-bytes";

const OPEN_BRACKET = 0x5b;
const ZERO = 0x30;
const NINE = 0x39;
const SEPARATOR = Uint8Array.of(0x0a);
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Estimates a prompt from the request's bytes, as llm-d does: four bytes are one id, so the count is about that of the
 * tokens, and prompts that begin alike have ids that begin alike. Nothing is parsed or decoded.
 *
 * Compared are the bytes of `tools`, where there are any, and of `messages` or `prompt` as the client wrote them, without
 * the outer bracket or quote; only `\uXXXX` escapes are resolved. So equal prompts of clients that space their JSON
 * differently do not match, and a conversation matches its previous turn. Token ids sent by the client are passed on.
 */
export function createEstimateTokenizer(): Tokenizer {
  return {
    contractVersion: 1,
    name: "estimate",
    tokenize(request) {
      const given = holdsTokenIds(request) ? clientPrompt(request.prompt()) : undefined;
      return given ?? { tokenIds: packBytes(promptParts(request)), exact: false, source: "estimate", multimodal: [] };
    },
  };
}

function promptParts(request: InferenceRequest): Uint8Array[] {
  const isChat = request.api === "chat";
  const tools = isChat ? inner(request, request.field("tools")) : undefined;
  const prompt = inner(request, request.field(isChat ? "messages" : "prompt"));
  return [...(tools ? [tools, SEPARATOR] : []), ...(prompt ? [prompt] : [])];
}

/** What stands between the brackets or quotes of a value; undefined for an absent or a short one, such as null. */
function inner({ body }: InferenceRequest, range: ByteRange | undefined): Uint8Array | undefined {
  if (!range || range.end - range.start < 2) return undefined;
  const first = body[range.start];
  if (first !== OPEN_BRACKET && first !== 0x22) return undefined;
  return withoutUnicodeEscapes(body.subarray(range.start + 1, range.end - 1));
}

/** True for a `prompt` that is a list of numbers or of lists. */
function holdsTokenIds(request: InferenceRequest): boolean {
  const range = request.api === "completions" ? request.field("prompt") : undefined;
  if (!range || request.body[range.start] !== OPEN_BRACKET) return false;
  let at = range.start + 1;
  while (WHITE_SPACE.has(request.body[at] ?? 0)) at++;
  const byte = request.body[at] ?? 0;
  return byte === OPEN_BRACKET || (byte >= ZERO && byte <= NINE);
}
