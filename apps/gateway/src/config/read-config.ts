import { readFile } from "node:fs/promises";
import { WarmpathError } from "@warmpath/contracts";
import { parse } from "yaml";
import type { z } from "zod";
import { CONFIG_SCHEMA, type FileConfig } from "./schema";

/** Reads and checks a YAML (or JSON) configuration file. Rejects with `invalid_configuration` naming file, key and fault. */
export async function readConfig(path: string): Promise<FileConfig> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new WarmpathError("invalid_configuration", `Cannot read the configuration file ${path}.`, { cause: error });
  }
  return parseConfig(text, path);
}

/** As `readConfig`, from text; `name` stands in messages. */
export function parseConfig(text: string, name: string): FileConfig {
  let value: unknown;
  try {
    value = parse(text) ?? {};
  } catch (error) {
    throw new WarmpathError("invalid_configuration", `${name} is not YAML: ${firstLine(error)}`, { cause: error });
  }
  const result = CONFIG_SCHEMA.safeParse(value);
  if (result.success) return result.data;
  throw new WarmpathError("invalid_configuration", `${name}: ${result.error.issues.map(describe).join("; ")}.`);
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
}

function describe(issue: z.core.$ZodIssue): string {
  const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  const where = path === "" ? "" : `${path.replace(/^\./, "")}: `;
  if (issue.code !== "invalid_union") return where + issue.message;
  // An endpoint is a URL or an object; the faults of the object say more.
  const inner = issue.errors.at(-1) ?? [];
  return inner.map((fault) => describe({ ...fault, path: [...issue.path, ...fault.path] })).join("; ");
}
