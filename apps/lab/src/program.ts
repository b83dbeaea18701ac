import { DEFAULT_STEP_TIME_PROFILE, STEP_TIME_PROFILES } from "@warmpath/engine-sim";
import { POLICIES, type PolicyName } from "@warmpath/scorers";
import { Command, InvalidArgumentError, Option } from "commander";

/** Options of `warmpath-lab replay`. */
export interface ReplayArguments {
  readonly trace: string;
  readonly policy: readonly PolicyName[];
  readonly replicas: number;
  readonly blocks: number;
  readonly profile: string;
  readonly speed: number;
  readonly eventDelayMs: number;
  readonly scrapeIntervalMs: number;
  readonly seed: number;
  readonly requests: number;
}

/** Options of `warmpath-lab demo`. */
export interface DemoArguments {
  readonly port: number;
  readonly engines: number;
  readonly assistants: number;
  readonly users: number;
  readonly turns: number;
  readonly concurrency: number;
  readonly once: boolean;
}

/** What the commands do. */
export interface Commands {
  replay(options: ReplayArguments): Promise<void>;
  oracle(options: { readonly trace: string }): Promise<void>;
  demo(options: DemoArguments): Promise<void>;
}

const DEFAULT_POLICIES: readonly PolicyName[] = [
  "cost",
  "round-robin",
  "random",
  "max-prefix",
  "prefix+load",
  "bounded-prefix",
];

/** The command line of `warmpath-lab`. */
export function createProgram(version: string, commands: Commands): Command {
  const program = new Command("warmpath-lab")
    .description("Replays traces, compares policies, shows the gateway at work.")
    .version(version);
  addReplay(program, commands);
  addDemo(program, commands);
  program
    .command("oracle")
    .description("What perfect knowledge of the caches reaches on a trace: the published figures.")
    .requiredOption("--trace <file>", "trace in the Mooncake format")
    .action((options) => commands.oracle(options));
  return program;
}

function addReplay(program: Command, commands: Commands): void {
  program
    .command("replay")
    .description("Run a trace in virtual time through the production scheduler over simulated engines.")
    .requiredOption("--trace <file>", "trace in the Mooncake format")
    .addOption(
      new Option("--policy <names...>", "policies to compare")
        .choices(Object.keys(POLICIES))
        .default(DEFAULT_POLICIES, DEFAULT_POLICIES.join(" ")),
    )
    .option("--replicas <count>", "simulated engines", whole(1), 8)
    .option("--blocks <count>", "KV blocks of 512 tokens an engine holds", whole(2), 200_000)
    .addOption(
      new Option("--profile <name>", "step times of the engines")
        .choices(Object.keys(STEP_TIME_PROFILES))
        .default(DEFAULT_STEP_TIME_PROFILE),
    )
    .option("--speed <factor>", "how much faster than recorded requests arrive", positive, 1)
    .option("--event-delay-ms <ms>", "from an engine's step until the index has its events", whole(0), 5)
    .option("--scrape-interval-ms <ms>", "age that load figures can have", whole(0), 200)
    .option("--seed <number>", "seed of the scheduler's choices among equals", whole(0), 1)
    .option("--requests <count>", "only the first so many; 0 takes all", whole(0), 0)
    .action((options) => commands.replay(options));
}

function addDemo(program: Command, commands: Commands): void {
  program
    .command("demo")
    .description(
      "Start the gateway over simulated engines, beside the same chats routed round robin; then keep serving.",
    )
    .option("--port <port>", "port of the gateway; 0 takes a free one", whole(0, 65_535), 8080)
    .option("--engines <count>", "simulated engines on each side", whole(1, 64), 4)
    .option("--assistants <count>", "assistants, each with a system prompt that its users share", whole(1), 32)
    .option("--users <count>", "users of each assistant", whole(1), 4)
    .option("--turns <count>", "turns of each conversation", whole(1), 4)
    .option("--concurrency <count>", "conversations at the same time", whole(1), 16)
    .option("--once", "end after the comparison", false)
    .action((options) => commands.demo(options));
}

function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}
