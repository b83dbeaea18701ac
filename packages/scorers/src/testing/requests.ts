import type { InferenceRequest, TokenizedPrompt, Tokenizer } from "@warmpath/contracts";
import { parseRequest } from "@warmpath/inference-api";

/** Sent ids pass as they are. */
export const clientTokens: Tokenizer = {
  contractVersion: 1,
  name: "client",
  tokenize(request): TokenizedPrompt {
    const prompt = request.prompt();
    if (prompt.kind !== "tokens") throw new Error(`These tests send token ids, not ${prompt.kind}.`);
    return { tokenIds: prompt.tokenIds, exact: true, source: "client", multimodal: [] };
  },
};

/** A completion request with these token ids. */
export function tokenRequest(tokenIds: ArrayLike<number>, model = "m"): InferenceRequest {
  const body = JSON.stringify({ model, prompt: Array.from(tokenIds), max_tokens: 16 });
  return parseRequest({ api: "completions", body: new TextEncoder().encode(body), id: "test" });
}
