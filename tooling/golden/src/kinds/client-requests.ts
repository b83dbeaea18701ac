import { readFileSync } from "node:fs";
import type { ApiKind, InferenceRequest } from "@warmpath/contracts";
import { WarmpathError } from "@warmpath/contracts";
import { classifyPath, parseRequest, readModel } from "@warmpath/inference-api";
import type { CaseResult, GoldenKind } from "../kind";

/** Types of content parts that hold text. */
const TEXT_PARTS: readonly unknown[] = ["text", "input_text", "output_text", "refusal", "thinking"];

/** One HTTP request as a real client sent it. */
interface ClientRequest {
  readonly client: string;
  readonly version: string;
  readonly scenario: string;
  readonly step: number;
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** `clients/requests.jsonl`: every recorded request is understood as JSON.parse understands its body (the last of equal keys wins). */
export const clientRequestsKind: GoldenKind = {
  name: "clients/requests",
  matches: (path, head) =>
    path.endsWith(".jsonl") && ["client", "scenario", "method", "path"].every((name) => head.includes(`"${name}":`)),
  async *run(path) {
    const lines = readFileSync(path, "utf8").split("\n");
    for (const [index, line] of lines.entries()) {
      if (line.trim() !== "") yield runLine(JSON.parse(line) as ClientRequest, index + 1);
    }
  },
};

function runLine(request: ClientRequest, line: number): CaseResult {
  const { client, version, scenario, step, method, path } = request;
  const name = `line ${line}: ${client} ${version}, ${scenario}, step ${step}: ${method} ${path}`;
  const differences = check(request);
  return differences.length === 0
    ? { name, passed: true }
    : { name, passed: false, detail: `${differences.join("\n")}\nbody: ${request.body}` };
}

function check({ method, path, body }: ClientRequest): string[] {
  const asked = classifyPath(method, path);
  if (asked.kind === "api") return checkSpoken(asked.api, body);
  if (asked.kind !== "known-other") return [`path: expected a known one, got ${JSON.stringify(asked)}`];
  return method === "POST" ? checkModel(body) : [];
}

/** Of an API that is not spoken yet, the model is read. Bodies that are not JSON are not looked into. */
function checkModel(body: string): string[] {
  const fields = parseObject(body);
  return fields ? compare("model", fields.model ?? undefined, readModel(Buffer.from(body))) : [];
}

function checkSpoken(api: ApiKind, body: string): string[] {
  const fields = parseObject(body);
  const bytes = Buffer.from(body);
  let request: InferenceRequest;
  try {
    request = parseRequest({ api, body: bytes, id: "golden" });
    request.prompt();
  } catch (error) {
    return checkRefusal(api, fields, error);
  }
  if (!fields) return ["body: expected invalid_json, got a request"];
  return [...compareFields(fields, request), ...comparePrompt(api, fields, request)];
}

/** A body may be refused when it is no object, or lacks what no engine can do without. */
function checkRefusal(api: ApiKind, fields: Fields | undefined, error: unknown): string[] {
  if (!WarmpathError.isInstance(error)) return [`threw ${String(error)}`];
  if (!fields) return compare("error code", "invalid_json", error.code);
  const required = ["model", api === "chat" ? "messages" : "prompt"];
  const missing = required.find((name) => fields[name] === undefined || fields[name] === null);
  if (missing === undefined) return [`expected a request, got ${error.code}: ${error.message}`];
  return [
    ...compare("error code", "missing_required_parameter", error.code),
    ...compare("error param", missing, error.param),
  ];
}

function compareFields(fields: Fields, request: InferenceRequest): string[] {
  const options = fields.stream_options as Fields | null | undefined;
  const unknown = Object.keys(fields).flatMap((name) => compare(name, fields[name], request.value(name)));
  return [
    ...compare("model", fields.model, request.model),
    ...compare("stream", fields.stream ?? false, request.stream),
    ...compare("stream_options.include_usage", options?.include_usage ?? false, request.includeUsage),
    ...compare("max tokens", fields.max_completion_tokens ?? fields.max_tokens ?? undefined, request.maxOutputTokens),
    ...compare("cache_salt", fields.cache_salt || undefined, request.cacheSalt),
    ...compare("priority", fields.priority ?? undefined, request.priority),
    ...unknown,
  ];
}

function comparePrompt(api: ApiKind, fields: Fields, request: InferenceRequest): string[] {
  if (api === "chat") {
    const messages = fields.messages as readonly Fields[];
    return [
      ...compare("messages", messages, request.value("messages")),
      ...compare("multimodal", messages.some(hasMedia), request.multimodal),
    ];
  }
  const prompt = request.prompt();
  switch (prompt.kind) {
    case "text":
      return compare("prompt", fields.prompt, prompt.text);
    case "texts":
      return compare("prompt", fields.prompt, prompt.texts);
    case "tokens":
      return compare("prompt", fields.prompt ?? [], [...prompt.tokenIds]);
    case "token-lists":
      return compare(
        "prompt",
        fields.prompt,
        prompt.tokenLists.map((list) => [...list]),
      );
    default:
      return [`prompt: unexpected kind ${prompt.kind}`];
  }
}

function hasMedia({ content }: Fields): boolean {
  if (!Array.isArray(content)) return false;
  return content.some(
    (part) =>
      typeof part === "object" &&
      !TEXT_PARTS.includes(part?.type ?? Object.keys(part ?? {}).find((key) => key === "text")),
  );
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

function compare(what: string, expected: unknown, actual: unknown): string[] {
  const [left, right] = [JSON.stringify(expected), JSON.stringify(actual)];
  return left === right ? [] : [`${what}: expected ${left}, got ${right}`];
}
