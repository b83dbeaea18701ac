import { type ApiKind, type InferenceRequest, WarmpathError } from "@warmpath/contracts";
import type { Fleet } from "@warmpath/fleet";
import { classifyPath, parseRequest } from "@warmpath/inference-api";
import type { Exchange } from "../http/exchange";
import { REQUEST_ID } from "../http/request-fields";
import type { MetricsRegistry } from "../metrics/registry";
import { answerError, publicError } from "../proxy/error-answer";
import { Forward, type ForwardContext } from "../proxy/forward";

/** What the routes need. */
export interface RouterContext extends ForwardContext {
  readonly fleet: Fleet;
  readonly registry: MetricsRegistry;
  /** Makes ids for requests that bring none. */
  readonly nextId: () => string;
}

type Route = (context: RouterContext, exchange: Exchange) => void;

const JSON_TYPE = "content-type: application/json\r\n";
const TEXT_TYPE = "content-type: text/plain; charset=utf-8\r\n";

/** Our own GET routes. */
const OWN_ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/health", (_context, exchange) => exchange.answer(200, TEXT_TYPE, Buffer.from("ok\n"))],
  ["/ready", answerReady],
  ["/metrics", answerMetrics],
  ["/v1/models", answerModels],
]);

/** Makes the function that answers every request. It never throws. */
export function createRouter(context: RouterContext): (exchange: Exchange) => void {
  return (exchange) => {
    try {
      route(context, exchange);
    } catch (error) {
      const shown = publicError(error);
      if (shown.code === "internal_error") context.logger.error({ err: error }, "defect");
      answerError(exchange, shown);
    }
  };
}

function route(context: RouterContext, exchange: Exchange): void {
  const { method, target } = exchange.head;
  const found = classifyPath(method, target);
  if (found.kind === "api") {
    forward(context, exchange, found.api);
    return;
  }
  const query = target.indexOf("?");
  const own = OWN_ROUTES.get(query < 0 ? target : target.slice(0, query));
  if (own !== undefined && (method === "GET" || method === "HEAD")) {
    own(context, exchange);
    return;
  }
  if (own !== undefined) {
    refuseMethod(exchange, ["GET", "HEAD"]);
    return;
  }
  if (found.kind === "method-not-allowed" && isServed(target)) {
    refuseMethod(exchange, found.allow);
    return;
  }
  throw new WarmpathError("unknown_url", `No route for ${method} on this path.`);
}

function forward(context: RouterContext, exchange: Exchange, api: ApiKind): void {
  const id = exchange.head.value(REQUEST_ID) ?? context.nextId();
  let request: InferenceRequest;
  try {
    request = parseRequest({ api, body: exchange.body, id });
  } catch (error) {
    context.metrics.answered(publicError(error).status);
    throw error;
  }
  new Forward(context, exchange, request).start();
}

/** Paths of the APIs that are forwarded; other paths that engines know are unknown here, whatever the method. */
function isServed(target: string): boolean {
  return classifyPath("POST", target).kind === "api";
}

function refuseMethod(exchange: Exchange, allow: readonly string[]): void {
  const error = new WarmpathError("method_not_allowed", `Use ${allow.join(" or ")} on this path.`);
  answerError(exchange, error, `allow: ${allow.join(", ")}\r\n`);
}

function answerReady({ fleet }: RouterContext, exchange: Exchange): void {
  if (fleet.status().some(({ ready }) => ready)) {
    exchange.answer(200, TEXT_TYPE, Buffer.from("ready\n"));
    return;
  }
  answerError(exchange, new WarmpathError("no_endpoint", "No endpoint is ready yet."));
}

function answerMetrics({ registry }: RouterContext, exchange: Exchange): void {
  const fields = "content-type: text/plain; version=0.0.4; charset=utf-8\r\n";
  exchange.answer(200, fields, Buffer.from(registry.render()));
}

/** The union over ready endpoints, each model with all fields that its engine gave. */
function answerModels({ fleet }: RouterContext, exchange: Exchange): void {
  const data = fleet.models().map(({ card }) => card);
  exchange.answer(200, JSON_TYPE, Buffer.from(JSON.stringify({ object: "list", data })));
}
