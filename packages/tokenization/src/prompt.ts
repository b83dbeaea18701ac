import type { Prompt, TokenizedPrompt } from "@warmpath/contracts";

/** The prompt of a request whose client sent token ids; undefined for texts and messages. */
export function clientPrompt(prompt: Prompt): TokenizedPrompt | undefined {
  const tokenIds =
    prompt.kind === "tokens" ? prompt.tokenIds : prompt.kind === "token-lists" ? prompt.tokenLists[0] : undefined;
  return tokenIds && { tokenIds, exact: true, source: "client", multimodal: [] };
}
