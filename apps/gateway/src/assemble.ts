import { randomBytes } from "node:crypto";
import { createNativeHasher } from "@warmpath/block-hashing";
import { createFleet, followEndpointsFile } from "@warmpath/fleet";
import { subscribeKvEvents } from "@warmpath/kv-events";
import { createKvIndex } from "@warmpath/kv-index";
import { createDirector, followKvEvents } from "@warmpath/scheduling";
import { createPolicyPlugins } from "@warmpath/scorers";
import { type AuditReport, audit } from "./audit";
import { chooseTokenizer } from "./choose-tokenizer";
import { createEnginePools } from "./engine-pools";
import { registerProcessMetrics } from "./metrics/collectors";
import { MetricsRegistry } from "./metrics/registry";
import type { ResolvedGatewayOptions } from "./options";
import { createForwardMetrics } from "./proxy/forward-metrics";
import type { RouterContext } from "./routes/router";

const AUDIT_TIMEOUT_MS = 5000;

/** The parts of a gateway, put together and running. */
export interface Assembly {
  /** What the routes need. */
  readonly router: RouterContext;
  /** Compares the index with the engines' own lists. */
  audit(): Promise<AuditReport[]>;
  /** Lets go of sockets, timers and files. */
  close(): Promise<void>;
}

/**
 * The house, assembled: the fleet knows the engines and their load; their events feed the index; the director takes a
 * request through tokens, keys, index and policy to an endpoint.
 */
export async function assemble(options: ResolvedGatewayOptions): Promise<Assembly> {
  const { clock, logger, random, blockSizeTokens } = options;
  const metrics = new MetricsRegistry();
  const hasher = createNativeHasher({ blockSizeTokens, secret: randomBytes(32) });
  const fleet = createFleet({
    clock,
    logger,
    metrics,
    headers: options.engineHeaders,
    scrapeIntervalMs: options.scrapeIntervalMs,
  });
  const index = createKvIndex({ hasher, clock, blockSizeTokens, maxBytes: options.indexMaxBytes, metrics, logger });
  const events = followKvEvents({ fleet, index, subscribe: subscribeKvEvents, clock, logger, random, metrics });
  const pools = createEnginePools(fleet, clock, options.connectTimeoutMs);
  const closers: (() => Promise<void> | void)[] = [
    () => fleet.close(),
    () => index.close(),
    () => events.close(),
    () => pools.close(),
  ];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    for (const spec of options.endpoints) fleet.add(spec);
    if (options.endpointsFile !== undefined) {
      const follower = await followEndpointsFile({ path: options.endpointsFile, fleet, clock, logger });
      closers.push(() => follower.close());
    }
    const tokenizer = await chooseTokenizer({
      tokenizer: options.tokenizer,
      fleet,
      clock,
      engineHeaders: options.engineHeaders,
      timeoutMs: options.tokenizeTimeoutMs,
      logger,
      metrics,
    });
    const director = createDirector({
      fleet,
      index,
      tokenizer,
      hasher,
      clock,
      random,
      logger,
      metrics,
      ...createPolicyPlugins(options.policy, { random }),
      tokenizeTimeoutMs: options.tokenizeTimeoutMs,
      eventsLive: (endpoint) => events.isLive(endpoint),
    });
    closers.push(() => director.close());
    registerProcessMetrics(metrics);
    const forward = createForwardMetrics(metrics);
    const poolOf = pools.of.bind(pools);
    const router = { director, poolOf, clock, logger, metrics: forward, fleet, registry: metrics, nextId: idMaker() };
    const parts = {
      fleet,
      index,
      events,
      fetch: globalThis.fetch,
      headers: options.engineHeaders,
      timeoutMs: AUDIT_TIMEOUT_MS,
    };
    return { router, audit: () => audit(parts), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Ids that are unique across gateways: a random part for the process, then a count. */
function idMaker(): () => string {
  const prefix = `wp-${randomBytes(6).toString("hex")}-`;
  let count = 0;
  return () => prefix + (++count).toString(36);
}
