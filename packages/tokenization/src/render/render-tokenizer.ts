import { createHash } from "node:crypto";
import {
  type Clock,
  type InferenceRequest,
  type TokenizedPrompt,
  type Tokenizer,
  WarmpathError,
} from "@warmpath/contracts";
import { clientPrompt } from "../prompt";
import { readRenderAnswer } from "./read-answer";
import { createSingleFlight } from "./single-flight";
import { systemTimer } from "./system-timer";

/** Whom a render tokenizer asks. */
export interface RenderTokenizerOptions {
  /** One engine or render server, `http://host:port`. */
  readonly url?: string | undefined;
  /** Engines that serve a model, best first; asked for anew with each request. One of the two is needed. */
  readonly endpointUrls?: ((model: string) => readonly string[]) | undefined;
  /** Sent with each request, such as an authorization. Default none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Time for one answer, fall-overs included. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** How long an engine without render endpoints is not asked again. Default 30000. */
  readonly retryMissingMs?: number | undefined;
  /** Engines asked at most for one request. Default 2. */
  readonly maxAttempts?: number | undefined;
  /** Default the global one. */
  readonly fetch?: typeof fetch | undefined;
  /** Default the system's clock. */
  readonly clock?: Clock | undefined;
}

const PATHS = { chat: "/v1/chat/completions/render", completions: "/v1/completions/render" } as const;
/** Of an engine's error, as much is shown. */
const MAX_ERROR_CHARACTERS = 1024;

/**
 * Lets an engine tokenize: vLLM's render endpoints get the client's bytes unchanged. Equal requests in flight are asked
 * once. Rejects with `invalid_request` when the engine refuses the request and with `tokenizer_unavailable` otherwise.
 */
export function createRenderTokenizer(options: RenderTokenizerOptions): Tokenizer {
  const urlsOf = resolveUrls(options);
  const settings = { ...options, timeoutMs: options.timeoutMs ?? 5000, clock: options.clock ?? systemTimer };
  const missingUntil = new Map<string, number>();
  const flights = createSingleFlight<TokenizedPrompt>();
  return {
    contractVersion: 1,
    name: "render",
    tokenize(request, signal) {
      const given = request.api === "completions" ? clientPrompt(request.prompt()) : undefined;
      if (given) return given;
      const key = createHash("sha256").update(request.api).update(request.body).digest("base64");
      return flights.run(key, signal, (shared) => {
        const urls = usable(urlsOf(request.model), missingUntil, settings.clock.nowMs());
        return askInTime(request, urls, settings, missingUntil, shared);
      });
    },
  };
}

function resolveUrls({ url, endpointUrls }: RenderTokenizerOptions): (model: string) => readonly string[] {
  if (endpointUrls) return endpointUrls;
  if (url !== undefined) return () => [url];
  throw new WarmpathError("invalid_configuration", "A render tokenizer needs url or endpointUrls.");
}

/** The addresses that are not known to lack render endpoints; forgets those that may be asked again. */
function usable(urls: readonly string[], missingUntil: Map<string, number>, nowMs: number): readonly string[] {
  for (const [url, until] of missingUntil) if (until <= nowMs) missingUntil.delete(url);
  return urls.filter((url) => !missingUntil.has(url));
}

type Settings = RenderTokenizerOptions & { readonly timeoutMs: number; readonly clock: Clock };

async function askInTime(
  request: InferenceRequest,
  urls: readonly string[],
  settings: Settings,
  missingUntil: Map<string, number>,
  signal: AbortSignal,
): Promise<TokenizedPrompt> {
  const timeout = new AbortController();
  const cancel = settings.clock.schedule(settings.timeoutMs, () => timeout.abort());
  try {
    return await askEach(request, urls, settings, missingUntil, AbortSignal.any([signal, timeout.signal]));
  } catch (cause) {
    if (!timeout.signal.aborted) throw cause;
    const message = `No engine rendered the prompt within ${settings.timeoutMs} ms.`;
    throw new WarmpathError("tokenizer_unavailable", message, { cause });
  } finally {
    cancel();
  }
}

async function askEach(
  request: InferenceRequest,
  urls: readonly string[],
  settings: Settings,
  missingUntil: Map<string, number>,
  signal: AbortSignal,
): Promise<TokenizedPrompt> {
  let failure: unknown = new WarmpathError("tokenizer_unavailable", "No engine can render prompts now.");
  for (const url of urls.slice(0, settings.maxAttempts ?? 2)) {
    try {
      return await ask(url, request, settings, missingUntil, signal);
    } catch (error) {
      if (signal.aborted || isRefusal(error)) throw error;
      failure = error;
    }
  }
  throw failure;
}

function isRefusal(error: unknown): boolean {
  return WarmpathError.isInstance(error) && error.code === "invalid_request";
}

async function ask(
  url: string,
  request: InferenceRequest,
  settings: Settings,
  missingUntil: Map<string, number>,
  signal: AbortSignal,
): Promise<TokenizedPrompt> {
  const response = await send(url + PATHS[request.api], request, settings, signal);
  const text = await response.text();
  if (response.ok) return readRenderAnswer(text);
  const shown = text.slice(0, MAX_ERROR_CHARACTERS);
  if (response.status === 400 || response.status === 422) {
    throw new WarmpathError("invalid_request", `The engine refuses the prompt: ${shown}`);
  }
  if (lacksEndpoint(response.status, text)) {
    missingUntil.set(url, settings.clock.nowMs() + (settings.retryMissingMs ?? 30_000));
  }
  throw new WarmpathError("tokenizer_unavailable", `${url} answers ${response.status}: ${shown}`);
}

/** An unknown path; an unknown model is a 404 too, but names the parameter. */
function lacksEndpoint(status: number, text: string): boolean {
  return status === 405 || (status === 404 && !/"param":\s*"model"/.test(text));
}

async function send(
  url: string,
  request: InferenceRequest,
  settings: Settings,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await (settings.fetch ?? fetch)(url, {
      method: "POST",
      headers: { ...settings.headers, "content-type": "application/json" },
      body: request.body as Uint8Array<ArrayBuffer>,
      signal,
    });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new WarmpathError("tokenizer_unavailable", `${url} cannot be reached.`, { cause });
  }
}
