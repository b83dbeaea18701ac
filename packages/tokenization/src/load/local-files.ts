import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { WarmpathError } from "@warmpath/contracts";
import { readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files";

/** Reads a tokenizer from a directory, or from a path that ends with `.json`. */
export function readLocalFiles(path: string): Promise<TokenizerFiles> {
  const isFile = path.endsWith(".json");
  const directory = isFile ? dirname(path) : path;
  return readTokenizerFiles(directory, isFile ? basename(path) : "tokenizer.json", (name) =>
    readIfThere(join(directory, name)),
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new WarmpathError("tokenizer_unavailable", `${path} cannot be read: ${code ?? "unknown error"}.`, { cause });
  }
}
