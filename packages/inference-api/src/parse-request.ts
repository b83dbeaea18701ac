import type { ApiKind, ByteRange, InferenceRequest, Prompt } from "@warmpath/contracts";
import { CLOSE_BRACKET, OPEN_BRACE, OPEN_BRACKET, QUOTE } from "./bytes";
import { readMessages } from "./chat-messages";
import { readCompletionPrompt } from "./completion-prompt";
import { invalidField, missingField } from "./invalid";
import type { JsonScanner } from "./json-scanner";
import { Members } from "./members";
import { ScalarReader } from "./scalars";
import { type ScannedBody, scanBody } from "./scan-body";

/** What `parseRequest` needs. */
export interface ParseRequestOptions {
  /** Which API the path belongs to; see `classifyPath`. */
  readonly api: ApiKind;
  /** The whole body, without a content encoding. Kept, never changed; must not change while the request lives. */
  readonly body: Uint8Array;
  /** Becomes the request's id. */
  readonly id: string;
}

/**
 * Reads a chat or completions body in one pass over its bytes.
 *
 * Throws `invalid_json` when the body is not one JSON object in UTF-8, `missing_required_parameter` without a model or a
 * prompt, and `invalid_request` when a field that routing reads has a type that vLLM refuses too. Values that the engine
 * judges (ranges, sampling, unknown fields) are left to it.
 */
export function parseRequest(options: ParseRequestOptions): InferenceRequest {
  return new ParsedRequest(options, scanBody(options.body));
}

/** A request and its offsets, for the functions of this package. */
export class ParsedRequest implements InferenceRequest {
  readonly id: string;
  readonly api: ApiKind;
  readonly body: Uint8Array;
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxOutputTokens: number | undefined;
  readonly cacheSalt: string | undefined;
  readonly priority: number | undefined;
  readonly scanner: JsonScanner;
  readonly members: Members;
  private values: Map<string, unknown> | undefined;
  private decodedPrompt: Prompt | undefined;
  private hasMedia: boolean | undefined;

  constructor({ api, body, id }: ParseRequestOptions, { scanner, members }: ScannedBody) {
    this.id = id;
    this.api = api;
    this.body = body;
    this.scanner = scanner;
    this.members = members;
    const fields = new ScalarReader(scanner.bytes, members);
    this.model = fields.text("model") ?? throwError(missingField("model"));
    checkPrompt(api, scanner, members, fields);
    this.stream = fields.boolean("stream") ?? false;
    this.includeUsage = readIncludeUsage(scanner, members, fields);
    const limit = fields.integer("max_tokens");
    this.maxOutputTokens = fields.integer("max_completion_tokens") ?? limit;
    // An empty salt is no salt in vLLM's hash.
    this.cacheSalt = fields.text("cache_salt") || undefined;
    this.priority = fields.integer("priority");
  }

  get multimodal(): boolean {
    if (this.api !== "chat") return false;
    this.hasMedia ??= readMessages(this.scanner, this.field("messages")!.start);
    return this.hasMedia;
  }

  field(name: string): ByteRange | undefined {
    const index = this.members.find(name);
    return index < 0 ? undefined : this.members.range(index);
  }

  value(name: string): unknown {
    this.values ??= new Map();
    if (!this.values.has(name)) this.values.set(name, this.readValue(name));
    return this.values.get(name);
  }

  prompt(): Prompt {
    this.decodedPrompt ??= this.readPrompt();
    return this.decodedPrompt;
  }

  private readValue(name: string): unknown {
    const range = this.field(name);
    return range && JSON.parse(this.scanner.bytes.toString("utf8", range.start, range.end));
  }

  private readPrompt(): Prompt {
    if (this.api === "chat") {
      // Reading the messages checks them.
      this.hasMedia ??= readMessages(this.scanner, this.field("messages")!.start);
      return { kind: "messages" };
    }
    const range = this.field("prompt");
    // Checked before: without a prompt there are embeddings, of which no token is known.
    if (!range || this.scanner.bytes[range.start] === 0x6e) return { kind: "tokens", tokenIds: new Uint32Array(0) };
    return readCompletionPrompt(this.scanner, range);
  }
}

function checkPrompt(api: ApiKind, scanner: JsonScanner, members: Members, fields: ScalarReader): void {
  const name = api === "chat" ? "messages" : "prompt";
  const index = fields.present(name);
  if (index < 0) {
    if (api === "completions" && fields.present("prompt_embeds") >= 0) return;
    throw missingField(name);
  }
  const start = members.valueStart(index);
  const first = scanner.bytes[start];
  const isEmpty =
    first === QUOTE
      ? scanner.bytes[start + 1] === QUOTE
      : scanner.bytes[scanner.skipSpace(start + 1)] === CLOSE_BRACKET;
  const isRight = first === OPEN_BRACKET || (api === "completions" && first === QUOTE);
  if (!isRight || isEmpty) {
    throw invalidField(name, api === "chat" ? "an array of at least one message" : "a string or an array, not empty");
  }
}

function readIncludeUsage(scanner: JsonScanner, members: Members, fields: ScalarReader): boolean {
  const index = fields.present("stream_options");
  if (index < 0) return false;
  const start = members.valueStart(index);
  if (scanner.bytes[start] !== OPEN_BRACE) throw fields.wrong("stream_options", "an object");
  const inner = new Members(scanner).read(start, 2);
  return new ScalarReader(scanner.bytes, inner, "stream_options.").boolean("include_usage") ?? false;
}

function throwError(error: Error): never {
  throw error;
}
