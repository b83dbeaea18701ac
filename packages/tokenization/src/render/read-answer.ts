import { type MultimodalItem, type TokenizedPrompt, WarmpathError } from "@warmpath/contracts";

/**
 * Reads what vLLM's render endpoints answer: one GenerateRequest for a chat, a list of them for completions, of which
 * the first counts. Unknown fields are ignored. Throws `tokenizer_unavailable` when the ids are missing or malformed.
 */
export function readRenderAnswer(text: string): TokenizedPrompt {
  const answer = parse(text);
  const first: unknown = Array.isArray(answer) ? answer[0] : answer;
  const { token_ids: ids, features } = (first ?? {}) as { token_ids?: unknown; features?: unknown };
  if (!Array.isArray(ids) || !ids.every(isTokenId)) throw malformed("token_ids");
  return { tokenIds: Uint32Array.from(ids), exact: true, source: "render", multimodal: readFeatures(features) };
}

function isTokenId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff;
}

function malformed(field: string, cause?: unknown): WarmpathError {
  const message = `The engine's render endpoint answers without usable ${field}.`;
  return new WarmpathError("tokenizer_unavailable", message, cause === undefined ? {} : { cause });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed("JSON", error);
  }
}

/** Hashes and places of multimodal items, of all modalities, by rising start. */
function readFeatures(features: unknown): MultimodalItem[] {
  if (typeof features !== "object" || features === null) return [];
  const { mm_hashes: hashes, mm_placeholders: places } = features as { mm_hashes?: unknown; mm_placeholders?: unknown };
  if (typeof hashes !== "object" || hashes === null) return [];
  const items = Object.entries(hashes).flatMap(([modality, list]) => {
    const ranges = (places as Record<string, unknown> | undefined)?.[modality];
    if (!Array.isArray(list) || !Array.isArray(ranges)) throw malformed("features");
    return list.map((hash, i) => readItem(hash, ranges[i]));
  });
  return items.sort((a, b) => a.start - b.start);
}

function readItem(hash: unknown, range: unknown): MultimodalItem {
  const { offset, length } = (range ?? {}) as { offset?: unknown; length?: unknown };
  if (typeof hash !== "string" || !isTokenId(offset) || !isTokenId(length)) throw malformed("features");
  return { hash, start: offset, length };
}
