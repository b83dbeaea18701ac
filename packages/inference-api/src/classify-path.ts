import type { ApiKind } from "@warmpath/contracts";

/** What a request line asks for. */
export type PathClass =
  /** A body that `parseRequest` reads. */
  | { readonly kind: "api"; readonly api: ApiKind }
  /** A path that engines, or clients of them, know and that is not parsed here; `name` is its family. */
  | { readonly kind: "known-other"; readonly name: string }
  /** The path is known, the method is not one of its own. */
  | { readonly kind: "method-not-allowed"; readonly allow: readonly string[] }
  | { readonly kind: "unknown" };

interface Route {
  readonly name: string;
  readonly api?: ApiKind;
  readonly methods: readonly string[];
}

const GET = ["GET", "HEAD"] as const;
const POST = ["POST"] as const;

function routes(name: string, methods: readonly string[], paths: string): [string, Route][] {
  return paths.split(" ").map((path) => [path, { name, methods }]);
}

/** Exact paths. */
const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/v1/chat/completions", { name: "chat", api: "chat", methods: POST }],
  ["/v1/completions", { name: "completions", api: "completions", methods: POST }],
  ...routes("models", GET, "/v1/models"),
  ...routes("embeddings", POST, "/v1/embeddings /v2/embed /pooling"),
  ...routes("responses", POST, "/v1/responses"),
  ...routes("messages", POST, "/v1/messages /v1/messages/count_tokens"),
  ...routes("chat", POST, "/v1/chat/completions/batch /cohere/v2/chat"),
  ...routes("render", POST, "/v1/chat/completions/render /v1/completions/render"),
  ...routes("render", POST, "/v1/messages/render /v1/responses/render"),
  ...routes("derender", POST, "/v1/chat/completions/derender /v1/completions/derender"),
  ...routes("generate", POST, "/inference/v1/generate /generate /abort_requests /invocations"),
  ...routes("tokenize", POST, "/tokenize /detokenize /v1/tokenize /v1/detokenize"),
  ...routes("score", POST, "/score /v1/score /rerank /v1/rerank /v2/rerank /classify /v1/classify /generative_scoring"),
  ...routes("audio", POST, "/v1/audio/transcriptions /v1/audio/translations /v1/audio/speech"),
  ...routes("images", POST, "/v1/images/generations /v1/images/edits"),
  ...routes("moderations", POST, "/v1/moderations"),
  ...routes("conversations", POST, "/v1/conversations"),
  ...routes("adapters", POST, "/v1/load_lora_adapter /v1/unload_lora_adapter"),
  ...routes("health", GET, "/health /healthz /ready /readyz /live /livez /health_generate"),
  ...routes("health", ["GET", "HEAD", "POST"], "/ping"),
  ...routes("metrics", GET, "/metrics"),
  ...routes(
    "info",
    GET,
    "/version /load /tokenizer_info /server_info /get_server_info /get_model_info /kv_event_sources",
  ),
  ...routes("info", GET, "/is_sleeping /is_paused"),
  ...routes("control", POST, "/reset_prefix_cache /reset_mm_cache /reset_encoder_cache /flush_cache /sleep /wake_up"),
  ...routes("control", POST, "/pause /resume /collective_rpc /scale_elastic_ep /is_scaling_elastic_ep"),
]);

/** Paths with an id in them. */
const PATTERNS: readonly (readonly [RegExp, Route])[] = [
  [/^\/v1\/models\/.+$/, { name: "models", methods: GET }],
  [/^\/v1\/responses\/[^/]+$/, { name: "responses", methods: ["GET", "HEAD", "DELETE"] }],
  [/^\/v1\/responses\/[^/]+\/cancel$/, { name: "responses", methods: POST }],
  [/^\/v1\/responses\/[^/]+\/input_items$/, { name: "responses", methods: GET }],
  [/^\/v1\/conversations\/.+$/, { name: "conversations", methods: ["GET", "HEAD", "POST", "DELETE"] }],
];

const UNKNOWN: PathClass = { kind: "unknown" };

/** Says what a request line asks for. The query is ignored; methods and paths are case-sensitive, as for the engines. */
export function classifyPath(method: string, path: string): PathClass {
  const query = path.indexOf("?");
  const bare = query < 0 ? path : path.slice(0, query);
  const route = ROUTES.get(bare) ?? PATTERNS.find(([pattern]) => pattern.test(bare))?.[1];
  if (!route) return UNKNOWN;
  if (!route.methods.includes(method)) return { kind: "method-not-allowed", allow: route.methods };
  return route.api ? { kind: "api", api: route.api } : { kind: "known-other", name: route.name };
}
