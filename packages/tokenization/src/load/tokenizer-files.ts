import { WarmpathError } from "@warmpath/contracts";

/** The files that describe one tokenizer, parsed. */
export interface TokenizerFiles {
  /** Where they came from, for messages. */
  readonly source: string;
  /** tokenizer.json. */
  readonly tokenizer: Readonly<Record<string, unknown>>;
  /** tokenizer_config.json; empty when there is none. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The model's config.json; undefined when there is none. */
  readonly modelConfig: Readonly<Record<string, unknown>> | undefined;
  /** Chat templates by name, `default` among them. */
  readonly templates: ReadonlyMap<string, string>;
}

const MODEL_TYPES: ReadonlySet<unknown> = new Set(["BPE", "Unigram", "WordPiece"]);

/** Reads one file by its name; undefined when there is no such file. */
export type ReadText = (name: string) => Promise<string | undefined>;

/** Reads and checks a tokenizer's files. Throws `tokenizer_malformed`, which names file and field. */
export async function readTokenizerFiles(
  source: string,
  tokenizerName: string,
  read: ReadText,
): Promise<TokenizerFiles> {
  const [tokenizerText, configText, modelText, templateText] = await Promise.all([
    read(tokenizerName),
    read("tokenizer_config.json"),
    read("config.json"),
    read("chat_template.jinja"),
  ]);
  if (tokenizerText === undefined) throw malformed(`${source} has no ${tokenizerName}`);
  const tokenizer = parseObject(tokenizerText, `${source}/${tokenizerName}`);
  checkTokenizer(tokenizer, `${source}/${tokenizerName}`);
  const configName = `${source}/tokenizer_config.json`;
  const config = configText === undefined ? {} : parseObject(configText, configName);
  return {
    source,
    tokenizer,
    config,
    modelConfig: modelText === undefined ? undefined : parseObject(modelText, `${source}/config.json`),
    templates: readTemplates(config.chat_template, templateText, configName),
  };
}

function malformed(what: string, cause?: unknown): WarmpathError {
  return new WarmpathError("tokenizer_malformed", `${what}.`, cause === undefined ? {} : { cause });
}

function parseObject(text: string, file: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(`${file} is not valid JSON: ${error instanceof Error ? error.message : "unknown"}`, error);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw malformed(`${file} must hold a JSON object`);
}

function checkTokenizer(tokenizer: Readonly<Record<string, unknown>>, file: string): void {
  const model = tokenizer.model;
  if (typeof model !== "object" || model === null) throw malformed(`${file}: the field model must be an object`);
  const { vocab, merges, type } = model as Readonly<Record<string, unknown>>;
  if (typeof vocab !== "object" || vocab === null) throw malformed(`${file}: the field model.vocab is missing`);
  if (type !== undefined && !MODEL_TYPES.has(type)) {
    throw malformed(`${file}: the field model.type must be one of ${[...MODEL_TYPES].join(", ")}`);
  }
  const isBpe = type === "BPE" || (type === undefined && merges !== undefined);
  if (isBpe && !Array.isArray(merges)) throw malformed(`${file}: the field model.merges must be an array`);
  const added = tokenizer.added_tokens ?? [];
  if (!Array.isArray(added)) throw malformed(`${file}: the field added_tokens must be an array`);
  added.forEach((token: unknown, i) => {
    const { id, content } = (token ?? {}) as { id?: unknown; content?: unknown };
    if (!Number.isInteger(id)) throw malformed(`${file}: the field added_tokens[${i}].id must be an integer`);
    if (typeof content !== "string") throw malformed(`${file}: the field added_tokens[${i}].content must be a string`);
  });
}

/** chat_template.jinja wins over tokenizer_config.json, whose field is one template or a list of named ones. */
function readTemplates(field: unknown, file: string | undefined, configName: string): ReadonlyMap<string, string> {
  if (file !== undefined) return new Map([["default", file]]);
  if (field === undefined || field === null) return new Map();
  if (typeof field === "string") return new Map([["default", field]]);
  const entries = Array.isArray(field) ? field : Object.entries(field).map(([name, template]) => ({ name, template }));
  return new Map(
    entries.map((entry: { name?: unknown; template?: unknown }, i) => {
      if (typeof entry?.name === "string" && typeof entry.template === "string") return [entry.name, entry.template];
      throw malformed(`${configName}: the field chat_template[${i}] must have a name and a template`);
    }),
  );
}
