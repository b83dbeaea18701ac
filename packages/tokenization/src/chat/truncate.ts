import { invalid } from "./errors";

/**
 * Cuts a prompt to a request's `truncate_prompt_tokens`, as vLLM does: the last ones stay unless `truncation_side` is
 * "right". -1, the engine's context length, is not known here and cuts nothing.
 */
export function truncatePrompt(ids: Uint32Array, keep: unknown, side: unknown): Uint32Array {
  if ((side ?? null) !== null && side !== "left" && side !== "right") {
    invalid("truncation_side", "truncation_side must be left or right.");
  }
  if ((keep ?? null) === null) return ids;
  if (typeof keep !== "number" || !Number.isInteger(keep) || keep < -1) {
    return invalid("truncate_prompt_tokens", "truncate_prompt_tokens must be an integer of at least -1.");
  }
  if (keep < 0 || keep >= ids.length) return ids;
  return side === "right" ? ids.slice(0, keep) : ids.slice(ids.length - keep);
}
