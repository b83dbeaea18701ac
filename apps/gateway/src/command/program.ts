import type { EndpointSpec } from "@warmpath/fleet";
import { Command, InvalidArgumentError, Option } from "commander";
import { GATEWAY_DEFAULTS, ROUTING_POLICIES, type RoutingPolicy } from "../options";
import { parseEndpointArgument } from "./endpoint-argument";

/** Options of `warmpath serve` as they were given; undefined where the default or the configuration file decides. */
export interface ServeArguments {
  readonly endpoint?: readonly EndpointSpec[];
  readonly endpointsFile?: string;
  readonly simulate?: number;
  readonly config?: string;
  readonly tokenizer?: string;
  readonly policy?: RoutingPolicy;
  readonly host?: string;
  readonly port?: number;
  readonly kvEventsPort?: number;
  readonly kvEventsReplayPort?: number;
  readonly kvEventsTopic?: string;
  readonly maxBodyBytes?: number;
  readonly maxHeadBytes?: number;
  readonly indexMaxBytes?: number;
  readonly blockSizeTokens?: number;
  readonly scrapeIntervalMs?: number;
  readonly connectTimeoutMs?: number;
  readonly tokenizeTimeoutMs?: number;
  readonly drainTimeoutMs?: number;
  readonly engineHeader?: Readonly<Record<string, string>>;
  readonly logLevel: string;
}

const TOKENIZER_HELP =
  "where token ids come from: auto (render where an endpoint publishes KV events, else estimate), render (the engines' " +
  "render endpoints), estimate, simulated, or a directory, tokenizer.json or hub name";

/** The command line. `serve` is called with what was given. */
export function createProgram(version: string, serve: (args: ServeArguments) => Promise<void>): Command {
  const program = new Command("warmpath")
    .description("Routes each LLM request to the engine that already holds its prefix in its KV cache.")
    .version(version);
  const command = program
    .command("serve", { isDefault: true })
    .description("Serve the OpenAI API in front of engines.")
    .option(
      "--endpoint <url[,key=value...]>",
      "an engine, repeatable; keys: kv and replay (addresses of its KV events, tcp://host:port), topic, model " +
        "(repeatable; default: asked from the engine), rank (data-parallel rank to pin), id (default: none)",
      collectEndpoint,
    )
    .option("--endpoints-file <file>", "YAML or JSON list of engines, followed as it changes (default: none)")
    .option("--simulate <count>", "start this many simulated engines and route to them (default: 0)", whole(0, 256))
    .option("--config <file>", "YAML file with these options, see the README; the command line wins (default: none)")
    .option("--tokenizer <source>", defaulting(TOKENIZER_HELP, GATEWAY_DEFAULTS.tokenizer));
  addRouting(command);
  addListening(command);
  command.action((args: ServeArguments) => serve(args));
  return program;
}

function addRouting(command: Command): void {
  command
    .addOption(
      new Option("--policy <name>", defaulting("how endpoints are chosen", GATEWAY_DEFAULTS.policy)).choices(
        ROUTING_POLICIES,
      ),
    )
    .option(
      "--kv-events-port <port>",
      "port at which endpoints of --endpoint and --config that name none publish KV events; rank r is at port + r " +
        "(default: none)",
      whole(1, 65_535),
    )
    .option("--kv-events-replay-port <port>", "port of their replay sockets (default: none)", whole(1, 65_535))
    .option("--kv-events-topic <prefix>", "topics to receive (default: all)")
    .option(
      "--index-max-bytes <bytes>",
      defaulting("memory of the block index", GATEWAY_DEFAULTS.indexMaxBytes),
      whole(1 << 20),
    )
    .option(
      "--block-size-tokens <tokens>",
      defaulting("tokens of one index block", GATEWAY_DEFAULTS.blockSizeTokens),
      whole(1, 65_536),
    )
    .option(
      "--scrape-interval-ms <ms>",
      defaulting("time between two readings of an engine's metrics", GATEWAY_DEFAULTS.scrapeIntervalMs),
      whole(1),
    )
    .option(
      "--tokenize-timeout-ms <ms>",
      defaulting("longest wait for the tokenizer", GATEWAY_DEFAULTS.tokenizeTimeoutMs),
      whole(1),
    )
    .option(
      "--engine-header <name:value>",
      "header for the gateway's own probes of engines, repeatable (default: none)",
      collectHeader,
    );
}

function addListening(command: Command): void {
  command
    .option("--host <address>", defaulting("address to listen on", GATEWAY_DEFAULTS.host))
    .option(
      "--port <port>",
      defaulting("port to listen on; 0 takes a free one", GATEWAY_DEFAULTS.port),
      whole(0, 65_535),
    )
    .option("--max-body-bytes <bytes>", defaulting("longest request body", GATEWAY_DEFAULTS.maxBodyBytes), whole(1))
    .option("--max-head-bytes <bytes>", defaulting("longest request head", GATEWAY_DEFAULTS.maxHeadBytes), whole(256))
    .option(
      "--connect-timeout-ms <ms>",
      defaulting("longest wait for a connection to an engine", GATEWAY_DEFAULTS.connectTimeoutMs),
      whole(1),
    )
    .option(
      "--drain-timeout-ms <ms>",
      defaulting("how long a stop waits for answers under way", GATEWAY_DEFAULTS.drainTimeoutMs),
      whole(0),
    )
    .addOption(
      new Option("--log-level <level>", "what is logged to standard error")
        .choices(["debug", "info", "warn", "error", "silent"])
        .default("warn"),
    );
}

function defaulting(what: string, value: string | number): string {
  return `${what} (default: ${value})`;
}

function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const upTo = most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number from ${least}${upTo}.`);
  };
}

function collectEndpoint(text: string, before: readonly EndpointSpec[] | undefined): readonly EndpointSpec[] {
  return [...(before ?? []), parseEndpointArgument(text)];
}

function collectHeader(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf(":");
  if (at <= 0) throw new InvalidArgumentError("It must look like name:value.");
  return { ...before, [text.slice(0, at).trim().toLowerCase()]: text.slice(at + 1).trim() };
}
