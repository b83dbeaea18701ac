import { crc32 } from "node:zlib";
import type { InferenceRequest } from "@warmpath/contracts";
import { SEGMENT_JSON, SEGMENT_TEXT } from "./chat-segments";
import { compactJson, decodeText } from "./decode-text";
import type { ParsedRequest } from "./parse-request";
import { asParsed } from "./parsed";

/** Bytes that stand for a part that is not text, whatever its size. */
const MEDIA_BYTES = 16;

/**
 * The bytes of the body that make the prompt, in order and as they stand: tools, then of each message role, content and
 * tool calls; or the first prompt of a completion. Views, not copies. Throws `invalid_request` as `prompt()` does.
 */
export function promptBytes(request: InferenceRequest): readonly Uint8Array[] {
  const parsed = asParsed(request);
  const segments = parsed.segments();
  const views: Uint8Array[] = [];
  for (let i = 0; i < segments.length; i += 3) {
    views.push(parsed.scanner.bytes.subarray(segments[i + 1]!, segments[i + 2]!));
  }
  return views;
}

/**
 * Bytes whose equal prefixes mean equal prompt prefixes, for estimates where no tokenizer is at hand: the scheme of
 * llm-d's estimate (tools, then role and text of each message without separators; the prompt itself for completions).
 * Escapes are decoded, so `é` and `\u00e9` agree, and several text parts give what one string gives. Beyond llm-d's
 * scheme, tool calls follow their message's text, and a part that is not text becomes 16 bytes from its checksum.
 * Token ids are their little-endian words. Throws `invalid_request` as `prompt()` does.
 */
export function estimatePromptBytes(request: InferenceRequest): Uint8Array {
  const parsed = asParsed(request);
  if (parsed.api === "completions") {
    const prompt = parsed.prompt();
    const ids =
      prompt.kind === "tokens" ? prompt.tokenIds : prompt.kind === "token-lists" ? prompt.tokenLists[0] : null;
    if (ids) return new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
  }
  return decodeSegments(parsed);
}

function decodeSegments(parsed: ParsedRequest): Uint8Array {
  const segments = parsed.segments();
  const source = parsed.scanner.bytes;
  const target = Buffer.allocUnsafe(maxDecodedBytes(segments));
  let at = 0;
  for (let i = 0; i < segments.length; i += 3) {
    const start = segments[i + 1]!;
    const end = segments[i + 2]!;
    if (segments[i] === SEGMENT_TEXT) at = decodeText(source, start, end, target, at);
    else if (segments[i] === SEGMENT_JSON) at = compactJson(source, start, end, target, at);
    else at += target.write(mediaMark(source.subarray(start, end)), at, "latin1");
  }
  return target.subarray(0, at);
}

function maxDecodedBytes(segments: readonly number[]): number {
  let bytes = 0;
  for (let i = 0; i < segments.length; i += 3) bytes += Math.max(segments[i + 2]! - segments[i + 1]!, MEDIA_BYTES);
  return bytes;
}

/** Length and checksum of a part, so that an image of megabytes neither costs a copy nor counts as text. */
function mediaMark(part: Buffer): string {
  return part.length.toString(16).padStart(8, "0") + crc32(part).toString(16).padStart(8, "0");
}
