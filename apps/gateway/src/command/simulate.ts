import { type SimulatedEngine, startSimulatedEngine } from "@warmpath/engine-sim";
import type { EndpointSpec } from "@warmpath/fleet";

/** Simulated engines in this process, and how to route to them. */
export interface SimulatedEngines {
  readonly endpoints: readonly EndpointSpec[];
  /** The tokenizer that counts as they do. */
  readonly tokenizer: "simulated";
  close(): Promise<void>;
}

/** The model that simulated engines serve. */
export const SIMULATED_MODEL = "simulated";

/** Starts `count` engines on free ports, with KV events. */
export async function startSimulatedEngines(count: number): Promise<SimulatedEngines> {
  const engines: SimulatedEngine[] = [];
  try {
    for (let i = 0; i < count; i++) engines.push(await startSimulatedEngine({ model: SIMULATED_MODEL, port: 0 }));
  } catch (error) {
    await closeAll(engines);
    throw error;
  }
  return {
    endpoints: engines.map(({ url, kvEvents }) => ({ url, kvEvents })),
    tokenizer: "simulated",
    close: () => closeAll(engines),
  };
}

async function closeAll(engines: readonly SimulatedEngine[]): Promise<void> {
  await Promise.all(engines.map((engine) => engine.close()));
}
