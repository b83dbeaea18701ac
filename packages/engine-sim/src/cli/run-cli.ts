import { VLLM_HASH_ALGORITHMS, type VllmHashAlgorithm } from "@warmpath/block-hashing";
import { WarmpathError } from "@warmpath/contracts";
import { loadTokenizer } from "@warmpath/tokenization";
import { Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_STEP_TIME_PROFILE, STEP_TIME_PROFILES } from "../core/step-time";
import type { SimulatedEngineOptions, SimulatedKvEvents } from "../http/options";
import { type SimulatedEngine, startSimulatedEngine } from "../http/start";
import type { EngineTokenizer } from "../http/tokenizer";

/** What the command line came to. */
interface CliOptions {
  readonly host: string;
  readonly port: number;
  readonly model: string;
  readonly tokenizer: string;
  readonly profile: string;
  readonly timeScale: number;
  readonly blockSize: number;
  readonly blocks: number;
  readonly maxModelLen?: number;
  readonly maxNumBatchedTokens: number;
  readonly maxNumSeqs: number;
  readonly prefixCachingHashAlgo: VllmHashAlgorithm;
  readonly hashSeed?: string;
  readonly kvEvents: boolean;
  readonly kvEventsPort: number;
  readonly replayPort: number;
  readonly kvEventsTopic: string;
  readonly dataParallelSize: number;
  readonly count: number;
  readonly errorRate: number;
  readonly cutRate: number;
  readonly dropEventRate: number;
}

/** Where the command writes, and what ends it. */
export interface CliEnvironment {
  readonly write: (text: string) => void;
  /** What `--version` says. */
  readonly version: string;
}

/** Runs `warmpath-sim`: starts the engines, prints a line for each, and serves until the process is told to end. */
export async function runCli(
  argv: readonly string[],
  environment: CliEnvironment,
): Promise<readonly SimulatedEngine[]> {
  let engines: readonly SimulatedEngine[] = [];
  const command = createCommand(environment.version).action(async (options: CliOptions) => {
    engines = await startEngines(options, command);
    for (const engine of engines) environment.write(`${describeEngine(engine)}\n`);
  });
  command.configureOutput({ writeOut: environment.write });
  await command.parseAsync(argv);
  closeOnSignal(engines);
  return engines;
}

function createCommand(version: string): Command {
  return new Command("warmpath-sim")
    .version(version)
    .description("Simulated vLLM engines: OpenAI API, metrics and KV events of the real one, answers of no model.")
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port of the first engine, the next ones follow; 0 = free ones", integer(0), 8000)
    .option("--model <name>", "served model name", "simulated")
    .option("--tokenizer <source>", '"simulated", or a folder, tokenizer.json or Hugging Face name', "simulated")
    .addOption(
      new Option("--profile <name>", "how fast it is")
        .choices(Object.keys(STEP_TIME_PROFILES))
        .default(DEFAULT_STEP_TIME_PROFILE),
    )
    .option("--time-scale <factor>", "real time per simulated time: 0.1 = ten times faster, 0 = no waiting", decimal, 1)
    .option("--block-size <tokens>", "tokens of a KV block", integer(1), 16)
    .option("--blocks <number>", "KV blocks of a rank", integer(2), 19_208)
    .option("--max-model-len <tokens>", "longest prompt and output (default: what fits, at most 131072)", integer(1))
    .option("--max-num-batched-tokens <tokens>", "tokens of a step", integer(1), 8192)
    .option("--max-num-seqs <number>", "requests that run at once", integer(1), 256)
    .addOption(
      new Option("--prefix-caching-hash-algo <name>", "hash of KV blocks")
        .choices(VLLM_HASH_ALGORITHMS)
        .default("sha256"),
    )
    .option("--hash-seed <text>", "PYTHONHASHSEED of the engine (default: unset)")
    .option("--no-kv-events", "publish no KV events")
    .option("--kv-events-port <port>", "port of the first engine's event socket; 0 = free ones", integer(0), 0)
    .option("--replay-port <port>", "port of the first engine's replay socket; 0 = free ones", integer(0), 0)
    .option("--kv-events-topic <text>", "topic of events", "")
    .option("--data-parallel-size <number>", "ranks of an engine", integer(1), 1)
    .option("--count <number>", "engines", integer(1), 1)
    .option("--error-rate <share>", "share of requests that are answered with 500", decimal, 0)
    .option("--cut-rate <share>", "share of answers that break off", decimal, 0)
    .option("--drop-event-rate <share>", "share of event batches that are lost", decimal, 0);
}

async function startEngines(options: CliOptions, command: Command): Promise<readonly SimulatedEngine[]> {
  const engines: SimulatedEngine[] = [];
  try {
    const tokenizer =
      options.tokenizer === "simulated" ? undefined : await loadTokenizer({ source: options.tokenizer });
    for (let i = 0; i < options.count; i++)
      engines.push(await startSimulatedEngine(engineOptions(options, i, tokenizer)));
    return engines;
  } catch (error) {
    await Promise.all(engines.map((engine) => engine.close()));
    if (WarmpathError.isInstance(error)) command.error(`error: ${error.message}`, { exitCode: 1 });
    throw error;
  }
}

function engineOptions(
  options: CliOptions,
  index: number,
  tokenizer: EngineTokenizer | undefined,
): SimulatedEngineOptions {
  return {
    host: options.host,
    port: options.port === 0 ? 0 : options.port + index,
    model: options.model,
    tokenizer,
    profile: options.profile,
    timeScale: options.timeScale,
    blockSizeTokens: options.blockSize,
    blocks: options.blocks,
    maxModelLength: options.maxModelLen,
    maxBatchedTokens: options.maxNumBatchedTokens,
    maxSequences: options.maxNumSeqs,
    hashAlgorithm: options.prefixCachingHashAlgo,
    hashSeed: options.hashSeed,
    kvEvents: options.kvEvents && kvEvents(options, index),
    dataParallelSize: options.dataParallelSize,
    failures: { errorRate: options.errorRate, cutRate: options.cutRate, dropEventRate: options.dropEventRate },
  };
}

/** Engines follow each other, with room for all ranks of each. */
function kvEvents(options: CliOptions, index: number): SimulatedKvEvents {
  const port = (first: number): number => (first === 0 ? 0 : first + index * options.dataParallelSize);
  return {
    host: options.host,
    port: port(options.kvEventsPort),
    replayPort: port(options.replayPort),
    topic: options.kvEventsTopic,
  };
}

function describeEngine({ url, kvEvents }: SimulatedEngine): string {
  if (!kvEvents) return `engine ${url}`;
  return `engine ${url} events ${kvEvents.publish}${kvEvents.replay === undefined ? "" : ` replay ${kvEvents.replay}`}`;
}

function closeOnSignal(engines: readonly SimulatedEngine[]): void {
  const close = (): void => void Promise.all(engines.map((engine) => engine.close()));
  process.once("SIGINT", close);
  process.once("SIGTERM", close);
}

function integer(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && text.trim() !== "") return value;
    throw new InvalidArgumentError(`Give a whole number of at least ${least}.`);
  };
}

function decimal(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0 && text.trim() !== "") return value;
  throw new InvalidArgumentError("Give a number of at least 0.");
}
