import { type SimulatedEngine, startSimulatedEngine } from "@warmpath/engine-sim";
import { mulberry32 } from "../oracle/random";
import { ArmStats } from "./arm-stats";
import { drive } from "./drive";
import { type GatewayProcess, startGateway } from "./gateway-process";
import { type Arm, createView, type Screen } from "./view";
import { type Conversation, makeWorkload } from "./workload";

/** Options of the demo; every one has a default on the command line. */
export interface DemoOptions {
  /** Port of the Warmpath gateway. */
  readonly port: number;
  /** Simulated engines on each side. */
  readonly engines: number;
  readonly assistants: number;
  readonly usersPerAssistant: number;
  readonly turns: number;
  readonly concurrency: number;
  /** Ends after the comparison; false keeps serving. */
  readonly once: boolean;
  readonly screen: Screen;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** Name of the simulated model. */
export const DEMO_MODEL = "simulated";

/** Blocks of one engine: less than half of all system prompts fit, so that it matters who keeps what. */
const ENGINE_BLOCKS = 2400;
const BLOCK_TOKENS = 16;
const MAX_TOKENS = 24;
const REDRAW_MS = 250;

interface Side {
  readonly name: string;
  readonly engines: readonly SimulatedEngine[];
  readonly gateway: GatewayProcess;
  readonly stats: ArmStats;
}

/** Runs the comparison: the same chats through Warmpath and through round robin, each over engines of its own. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { screen, signal } = options;
  screen.write(`starting ${options.engines} simulated engines on each side\n`);
  const sides: Side[] = [];
  try {
    sides.push(await startSide("warmpath", "cost", options.port, options));
    sides.push(await startSide("round robin", "round-robin", 0, options));
    screen.write(`gateway ${sides[0]!.gateway.url}\n`);
    const conversations = makeWorkload({ ...options, random: mulberry32(1), systemWords: 1500, questionWords: 60 });
    await compare(sides, conversations, options);
    if (options.once || signal.aborted) return;
    screen.write(closingLines(sides[0]!.gateway.url));
    await Promise.race([aborted(signal), sides[0]!.gateway.ended]);
  } finally {
    await Promise.allSettled(sides.map(stopSide));
  }
}

async function startSide(
  name: string,
  policy: "cost" | "round-robin",
  port: number,
  { engines: count }: DemoOptions,
): Promise<Side> {
  const engines = await Promise.all(
    Array.from({ length: count }, () =>
      startSimulatedEngine({
        model: DEMO_MODEL,
        blocks: ENGINE_BLOCKS,
        blockSizeTokens: BLOCK_TOKENS,
        kvEvents: {},
      }),
    ),
  );
  try {
    return { name, engines, gateway: await startGateway({ port, policy, engines }), stats: new ArmStats() };
  } catch (error) {
    await Promise.allSettled(engines.map((engine) => engine.close()));
    throw error;
  }
}

async function stopSide({ gateway, engines }: Side): Promise<void> {
  await gateway.stop();
  await Promise.allSettled(engines.map((engine) => engine.close()));
}

async function compare(
  sides: readonly Side[],
  conversations: readonly Conversation[],
  options: DemoOptions,
): Promise<void> {
  const { screen, signal, nowMs, concurrency } = options;
  const view = createView(screen);
  const started = nowMs();
  const arms = (): Arm[] => sides.map(({ name, stats, engines }) => ({ name, figures: stats.figures(engines.length) }));
  const timer = setInterval(() => view.update(arms(), nowMs() - started), REDRAW_MS);
  try {
    await Promise.all(
      sides.map(({ gateway, stats }) =>
        drive({
          url: gateway.url,
          model: DEMO_MODEL,
          conversations,
          concurrency,
          maxTokens: MAX_TOKENS,
          stats,
          nowMs,
          signal,
        }),
      ),
    );
  } finally {
    clearInterval(timer);
  }
  view.end(arms());
  for (const { name, stats } of sides) if (stats.lastFailure) screen.write(`${name}: ${String(stats.lastFailure)}\n`);
}

function closingLines(url: string): string {
  const body = `{"model":"${DEMO_MODEL}","stream":true,"messages":[{"role":"user","content":"hello"}]}`;
  return [
    "",
    `The gateway keeps serving at ${url}. Try it:`,
    "",
    `  curl -N ${url}/v1/chat/completions -H 'content-type: application/json' -H 'x-warmpath-explain: 1' -i -d '${body}'`,
    "",
    "Ctrl-C ends it.",
    "",
  ].join("\n");
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
