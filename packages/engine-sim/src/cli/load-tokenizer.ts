import { WarmpathError } from "@warmpath/contracts";
import * as tokenization from "@warmpath/tokenization";
import type { EngineTokenizer } from "../http/tokenizer";

/** A real tokenizer from a folder, a file or the hub. */
export async function loadEngineTokenizer(source: string): Promise<EngineTokenizer> {
  const { loadTokenizer } = tokenization as {
    loadTokenizer?: (options: { source: string }) => Promise<EngineTokenizer>;
  };
  if (loadTokenizer) return loadTokenizer({ source });
  throw new WarmpathError("tokenizer_unavailable", `No tokenizer can be loaded from ${source}.`);
}
