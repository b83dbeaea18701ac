import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { WarmpathError } from "@warmpath/contracts";
import { createLocalTokenizer } from "../create-local-tokenizer";
import type { LocalTokenizerOptions } from "../local-options";
import type { LocalTokenizer } from "../local-tokenizer";
import { readHubFiles } from "./hub-files";
import { readLocalFiles } from "./local-files";
import type { TokenizerFiles } from "./tokenizer-files";

/** Where a tokenizer comes from, and how the engine serves its model. */
export interface LoadTokenizerOptions extends LocalTokenizerOptions {
  /** A directory with tokenizer.json, a path of a tokenizer.json, or the hub name `owner/name`. */
  readonly source: string;
  /** Where hub files are kept. Default `~/.cache/warmpath/tokenizers`. */
  readonly cacheDir?: string | undefined;
  /** Never asks the hub. Default false. */
  readonly offline?: boolean | undefined;
  /** Branch, tag or commit on the hub. Default `main`. */
  readonly revision?: string | undefined;
  /** Address of the hub. Default Hugging Face's. */
  readonly hubUrl?: string | undefined;
  /** For gated models. Default none. */
  readonly accessToken?: string | undefined;
  /** Used for hub requests. Default the global one. */
  readonly fetch?: typeof fetch | undefined;
}

const HUB_NAME = /^[\w.-]+\/[\w.-]+$/;

/**
 * Loads a tokenizer. Rejects with `tokenizer_malformed`, which names file and field, or with `tokenizer_unavailable`
 * when there is none.
 */
export async function loadTokenizer(options: LoadTokenizerOptions): Promise<LocalTokenizer> {
  return createLocalTokenizer(await readFiles(options), options);
}

function readFiles(options: LoadTokenizerOptions): Promise<TokenizerFiles> {
  const { source } = options;
  if (existsSync(source)) return readLocalFiles(source);
  if (!HUB_NAME.test(source)) {
    throw new WarmpathError(
      "tokenizer_unavailable",
      `There is no file or directory ${source}, and it is not a hub name.`,
    );
  }
  return readHubFiles({
    repo: source,
    revision: options.revision ?? "main",
    cacheDir: options.cacheDir ?? join(homedir(), ".cache", "warmpath", "tokenizers"),
    offline: options.offline ?? false,
    hubUrl: options.hubUrl,
    accessToken: options.accessToken,
    fetch: options.fetch,
  });
}
