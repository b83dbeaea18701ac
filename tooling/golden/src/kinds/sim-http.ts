import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type SimulatedEngine, startSimulatedEngine } from "@warmpath/engine-sim";
import type { CaseResult, GoldenKind } from "../kind";
import { loadFamily } from "./tokenizer-data";

/** One exchange with a real engine. */
interface Exchange {
  readonly run: string;
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string | null;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Paths that the simulator serves. */
const SERVED =
  /^\/(health|ping|version|load|is_sleeping|is_paused|metrics|tokenize|detokenize|v1\/models|v1\/(chat\/)?completions(\/render)?)$/;
/** Fields whose effect is the model's or the vocabulary's, not the server's. */
const MODEL_FIELDS = ["logprobs", "top_logprobs", "echo", "stop", "return_token_strs"];
/** Values that no two servers have in common. */
const OWN_VALUES = new Set(["created", "system_fingerprint", "text", "content", "root"]);

/**
 * Recorded HTTP exchanges with a real vLLM, sent to a simulated one. Errors must be equal byte for byte; other answers in
 * everything but ids, times and what the model says.
 */
export const simHttpKind: GoldenKind = {
  name: "sim/http",
  matches: (path, head) =>
    path.endsWith(".jsonl") && (/(^|\/)http-[^/]*$/.test(path) || /^\{"run":.*"name":.*"method":/.test(head)),
  async *run(path) {
    const exchanges = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as Exchange);
    for (const run of new Set(exchanges.map((exchange) => exchange.run))) {
      yield* runServer(exchanges.filter((exchange) => exchange.run === run));
    }
  },
};

async function* runServer(exchanges: readonly Exchange[]): AsyncGenerator<CaseResult> {
  const engine = await startLike(exchanges);
  try {
    for (const exchange of exchanges) {
      const body = sendable(exchange);
      if (body === undefined) continue;
      const problems = compare(exchange, await send(engine, exchange, body));
      const name = `${exchange.run}: ${exchange.name}`;
      if (problems.length === 0) yield { name, passed: true };
      else
        yield {
          name,
          passed: false,
          detail: [`${exchange.method} ${exchange.path} ${exchange.requestBody}`, ...problems].join("\n"),
        };
    }
  } finally {
    await engine.close();
  }
}

/** A simulated engine with the settings of the recorded one. */
async function startLike(exchanges: readonly Exchange[]): Promise<SimulatedEngine> {
  const models = exchanges.find(({ path, status }) => path === "/v1/models" && status === 200);
  const [card] = models
    ? (JSON.parse(models.body) as { data: { id: string; root: string; max_model_len: number }[] }).data
    : [{ id: "tiny", root: "qwen3", max_model_len: 8192 }];
  const run = exchanges[0]?.run ?? "";
  return startSimulatedEngine({
    model: card?.id ?? "tiny",
    tokenizer: await loadFamily(basename(card?.root ?? "qwen3")),
    maxModelLength: card?.max_model_len ?? 8192,
    blockSizeTokens: Number(/(?:^|-)bs(\d+)/.exec(run)?.[1] ?? 64),
    hashAlgorithm: /(^|[-_])cbor(-|$)/.test(run) ? "sha256_cbor" : "sha256",
    blocks: 16_384,
    timeScale: 0,
    kvEvents: false,
    autoToolChoice: false,
  });
}

/** The bytes of a recorded request; undefined where the simulator does not answer it, or the recording cut it off. */
function sendable({ path, name, requestBody, status }: Exchange): Buffer | undefined {
  if (!SERVED.test(path) && status !== 404 && status !== 405) return undefined;
  if (path === "/tokenizer_info" || name.startsWith("abort")) return undefined;
  if (requestBody === null) return Buffer.alloc(0);
  // The recorder writes bytes that are no UTF-8 as \xHH.
  if (/\\x[89a-f][0-9a-f]/.test(requestBody)) {
    return Buffer.from(
      requestBody.replace(/\\x([89a-f][0-9a-f])/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
      "latin1",
    );
  }
  const fields = parse(requestBody);
  const wasCut = fields === undefined && requestBody.length >= 2000;
  const asksModel =
    status === 200 && MODEL_FIELDS.some((field) => (fields as Record<string, unknown>)?.[field] !== undefined);
  return wasCut || asksModel ? undefined : Buffer.from(requestBody);
}

function send({ url }: SimulatedEngine, { method, path, requestHeaders }: Exchange, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = method === "GET" ? requestHeaders : { ...requestHeaders, "content-length": String(body.length) };
    const request = httpRequest(url + path, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        });
      });
    });
    request.on("error", reject);
    request.end(method === "GET" ? undefined : body);
  });
}

function compare(recorded: Exchange, actual: Answer): string[] {
  const problems =
    recorded.path === "/metrics" ? compareSeries(recorded.body, actual.body) : compareBodies(recorded, actual);
  if (recorded.status !== actual.status)
    problems.unshift(`expected status ${recorded.status}`, `got status ${actual.status}`);
  for (const name of ["content-type", "allow", "endpoint-load-metrics"]) {
    const expected = recorded.headers.find(([header]) => header.toLowerCase() === name)?.[1];
    if (expected !== actual.headers[name])
      problems.push(`expected ${name}: ${expected}`, `got ${name}: ${actual.headers[name]}`);
  }
  return problems;
}

function compareBodies(recorded: Exchange, actual: Answer): string[] {
  const keepsIds = recorded.requestHeaders["x-request-id"] !== undefined;
  const [expected, got] =
    recorded.status >= 400
      ? [recorded.body, actual.body]
      : [recorded.body, actual.body].map((body) => comparable(body, keepsIds));
  if (isDeepStrictEqual(expected, got)) return [];
  return [`expected ${JSON.stringify(expected)}`, `got      ${JSON.stringify(got)}`];
}

/** A body without what is the server's or the model's own. Streams become lists of their events. */
function comparable(body: string, keepsIds: boolean): unknown {
  if (!body.startsWith("data: ")) return withoutOwn(parse(body) ?? body, keepsIds, "");
  return body.split("\n\n").map((frame) => withoutOwn(parse(frame.slice("data: ".length)) ?? frame, keepsIds, ""));
}

function withoutOwn(value: unknown, keepsIds: boolean, name: string): unknown {
  if (Array.isArray(value)) {
    return name === "choices.token_ids" ? value.length : value.map((item) => withoutOwn(item, keepsIds, name));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const isId = key === "request_id" || (key === "id" && name !== "data");
      const isOwn = OWN_VALUES.has(key) || (isId && !keepsIds);
      return [
        key,
        isOwn && member !== null
          ? typeof member
          : withoutOwn(member, keepsIds, name === "choices" ? `choices.${key}` : key),
      ];
    }),
  );
}

/** Every series that the simulator has must be one of the engine's: same name, same labels. */
function compareSeries(recorded: string, actual: string): string[] {
  const known = new Set(seriesOf(recorded));
  const unknown = seriesOf(actual).filter((series) => !known.has(series));
  return unknown.map((series) => `not a series of the engine: ${series}`);
}

function seriesOf(text: string): string[] {
  const types = text.split("\n").filter((line) => line.startsWith("# TYPE vllm:"));
  const samples = text
    .split("\n")
    .filter((line) => line.startsWith("vllm:"))
    .map((line) => line.slice(0, line.lastIndexOf(" ")))
    // The labels of the configuration differ from version to version.
    .map((series) => (series.startsWith("vllm:cache_config_info") ? (series.split("{")[0] as string) : series));
  return [...types, ...samples];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
