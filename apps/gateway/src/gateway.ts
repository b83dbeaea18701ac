import { assemble } from "./assemble";
import type { AuditReport } from "./audit";
import { listen } from "./http/server";
import { type GatewayOptions, resolveGatewayOptions } from "./options";
import { errorAnswer } from "./proxy/error-answer";
import { createRouter } from "./routes/router";

/** A running gateway. */
export interface Gateway {
  /** `http://host:port`, without a trailing slash. */
  readonly url: string;
  /** The port in use, also where 0 was asked for. */
  readonly port: number;
  /** Compares the index with the engines' own lists of blocks, where they have one; see `AuditReport`. */
  audit(): Promise<AuditReport[]>;
  /** Takes no new request, waits for answers under way up to `drainTimeoutMs`, and lets go of everything. */
  close(): Promise<void>;
}

/** Limits of client connections that nobody has needed to change so far, in milliseconds. */
const CONNECTION_LIMITS = {
  headTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
  lingerMs: 2000,
};

/** Starts a gateway. Rejects with `port_in_use` or `invalid_configuration`. */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const resolved = resolveGatewayOptions(options);
  const assembly = await assemble(resolved);
  try {
    const server = await listen(resolved.host, resolved.port, {
      ...CONNECTION_LIMITS,
      clock: resolved.clock,
      maxHeadBytes: resolved.maxHeadBytes,
      maxBodyBytes: resolved.maxBodyBytes,
      defer: (callback) => void setImmediate(callback),
      handle: createRouter(assembly.router),
      refusal(error) {
        assembly.router.metrics.refused(error.status);
        return errorAnswer(error);
      },
    });
    const host = resolved.host.includes(":") ? `[${resolved.host}]` : resolved.host;
    return {
      url: `http://${host}:${server.port}`,
      port: server.port,
      audit: assembly.audit,
      async close() {
        await server.close(resolved.drainTimeoutMs);
        await assembly.close();
      },
    };
  } catch (error) {
    await assembly.close();
    throw error;
  }
}
