// A server of your own that routes to where the KV cache is: our packages, no gateway.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { createNativeHasher } from "@warmpath/block-hashing";
import { WarmpathError } from "@warmpath/contracts";
import { createFleet } from "@warmpath/fleet";
import { createAnswerReader, errorBody, parseRequest } from "@warmpath/inference-api";
import { subscribeKvEvents } from "@warmpath/kv-events";
import { createKvIndex } from "@warmpath/kv-index";
import { createDirector, followKvEvents } from "@warmpath/scheduling";
import { createDefaultPlugins } from "@warmpath/scorers";

const logger = { debug() {}, info() {}, warn: console.warn, error: console.error };
const random = { next: Math.random };
const clock = {
  nowMs: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Serves chat completions on `port` over `endpoints`, tokenizing with `tokenizer`. */
export async function serve({ endpoints, tokenizer, port = 0 }) {
  const hasher = createNativeHasher({ blockSizeTokens: 16 });
  const index = createKvIndex({ hasher, clock });
  const fleet = createFleet({ clock, logger });
  const events = followKvEvents({ fleet, index, clock, logger, subscribe: subscribeKvEvents });
  const director = createDirector({
    fleet,
    index,
    hasher,
    tokenizer,
    clock,
    random,
    logger,
    ...createDefaultPlugins({ random }),
  });
  for (const endpoint of endpoints) fleet.add(endpoint);

  const server = createServer(async (incoming, outgoing) => {
    const started = clock.nowMs();
    let scheduled;
    try {
      const body = Buffer.concat(await incoming.toArray());
      const request = parseRequest({ api: "chat", body, id: crypto.randomUUID() });
      scheduled = await director.schedule(request);
      const answer = await fetch(scheduled.target.url + incoming.url, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      });
      outgoing.writeHead(answer.status, {
        "content-type": answer.headers.get("content-type"),
        "x-engine": scheduled.target.id,
      });
      const reader = createAnswerReader({ stream: request.stream });
      for await (const chunk of Readable.fromWeb(answer.body)) {
        scheduled.firstToken();
        reader.push(chunk);
        outgoing.write(chunk);
      }
      outgoing.end();
      const { usage } = reader.end();
      scheduled.end({ status: "ok", httpStatus: answer.status, totalMs: clock.nowMs() - started, ...usage });
    } catch (cause) {
      scheduled?.end({ status: "failed", totalMs: clock.nowMs() - started });
      const error = WarmpathError.isInstance(cause)
        ? cause
        : new WarmpathError("internal_error", "The request failed.", { cause });
      outgoing.writeHead(error.status, { "content-type": "application/json" }).end(errorBody(error));
    }
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = () => Promise.all([events.close(), fleet.close(), new Promise((resolve) => server.close(resolve))]);
  return { url: `http://127.0.0.1:${server.address().port}`, fleet, close };
}
