import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WarmpathError } from "@warmpath/contracts";
import { readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files";

/** How files are brought from a model hub. */
export interface HubOptions {
  /** `owner/name`. */
  readonly repo: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Where files are kept. */
  readonly cacheDir: string;
  /** Uses the cache only. */
  readonly offline: boolean;
  readonly hubUrl: string | undefined;
  readonly accessToken: string | undefined;
  readonly fetch: typeof fetch | undefined;
}

/** Remembers that a repository lacks a file, so that it is not asked for at every start. */
const ABSENT_SUFFIX = ".absent";

/** Reads a tokenizer from the cache, and from the hub what the cache lacks. Throws `tokenizer_unavailable`. */
export function readHubFiles(options: HubOptions): Promise<TokenizerFiles> {
  return readTokenizerFiles(options.repo, "tokenizer.json", (name) => readCached(name, options));
}

function cachePath(name: string, { cacheDir, repo, revision }: HubOptions): string {
  const safe = (part: string): string => part.replaceAll(/[^A-Za-z0-9._-]/g, "--");
  return join(cacheDir, safe(repo), safe(revision), name);
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

async function readCached(name: string, options: HubOptions): Promise<string | undefined> {
  const path = cachePath(name, options);
  const cached = await readOptional(path);
  if (cached !== undefined) return cached;
  if ((await readOptional(path + ABSENT_SUFFIX)) !== undefined) return undefined;
  if (options.offline) {
    if (name !== "tokenizer.json") return undefined;
    throw new WarmpathError("tokenizer_unavailable", `${options.repo} is not in the cache and offline mode is on.`);
  }
  const text = await download(name, options);
  await store(text === undefined ? path + ABSENT_SUFFIX : path, text ?? "");
  return text;
}

async function download(name: string, options: HubOptions): Promise<string | undefined> {
  try {
    const { downloadFile } = await import("@huggingface/hub");
    const blob = await downloadFile({
      repo: options.repo,
      path: name,
      revision: options.revision,
      ...(options.hubUrl === undefined ? {} : { hubUrl: options.hubUrl }),
      ...(options.accessToken === undefined ? {} : { accessToken: options.accessToken }),
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    });
    return blob ? await blob.text() : undefined;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "unknown";
    throw new WarmpathError("tokenizer_unavailable", `${name} of ${options.repo} cannot be downloaded: ${reason}.`, {
      cause,
    });
  }
}

/** Writes beside the target and renames, so that no reader sees half a file. */
async function store(path: string, text: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  const temporary = `${path}.${process.pid}.part`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
