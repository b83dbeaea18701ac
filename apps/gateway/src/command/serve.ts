import type { Logger } from "@warmpath/contracts";
import type { EndpointSpec } from "@warmpath/fleet";
import { readConfig } from "../config/read-config";
import { createGateway } from "../gateway";
import type { GatewayOptions } from "../options";
import { withEventPorts } from "./endpoint-argument";
import type { ServeArguments } from "./program";
import type { SimulatedEngines } from "./simulate";

/** A gateway that the command line started. */
export interface Served {
  readonly url: string;
  /** True when there is no engine to route to, now or later. */
  readonly lonely: boolean;
  close(): Promise<void>;
}

/** Brings file and command line together, starts simulated engines where asked for, then the gateway. */
export async function serve(args: ServeArguments, logger: Logger): Promise<Served> {
  const { simulate: fileSimulate = 0, ...file } = args.config === undefined ? {} : await readConfig(args.config);
  const count = args.simulate ?? fileSimulate;
  const engines = count === 0 ? undefined : await simulateEngines(count);
  try {
    const options = gatewayOptions(args, file as GatewayOptions, engines, logger);
    const gateway = await createGateway(options);
    return {
      url: gateway.url,
      lonely: (options.endpoints ?? []).length === 0 && options.endpointsFile === undefined,
      async close() {
        await gateway.close();
        await engines?.close();
      },
    };
  } catch (error) {
    await engines?.close();
    throw error;
  }
}

/** The simulator is loaded only where it is asked for. */
async function simulateEngines(count: number): Promise<SimulatedEngines> {
  const { startSimulatedEngines } = await import("./simulate");
  return startSimulatedEngines(count);
}

function gatewayOptions(
  args: ServeArguments,
  file: GatewayOptions,
  engines: SimulatedEngines | undefined,
  logger: Logger,
): GatewayOptions {
  const { endpoint, config: _config, simulate: _simulate, engineHeader, logLevel: _logLevel, ...rest } = args;
  const { kvEventsPort, kvEventsReplayPort, kvEventsTopic = "", ...given } = rest;
  const ports = { publish: kvEventsPort, replay: kvEventsReplayPort, topic: kvEventsTopic };
  const named: readonly EndpointSpec[] = endpoint ?? file.endpoints ?? [];
  const headers = engineHeader ?? file.engineHeaders;
  return {
    ...(engines === undefined ? {} : { tokenizer: engines.tokenizer }),
    ...file,
    ...given,
    ...(headers === undefined ? {} : { engineHeaders: headers }),
    endpoints: [...named.map((spec) => withEventPorts(spec, ports)), ...(engines?.endpoints ?? [])],
    logger,
  };
}
