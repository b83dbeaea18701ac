import type { VllmHashAlgorithm } from "@warmpath/block-hashing";
import { type Clock, type Random, WarmpathError } from "@warmpath/contracts";
import type { StepTimeProfile } from "../core/step-time";
import type { SimulatedAdapter } from "../core/vllm-blocks";
import type { SimulatedFailures } from "./failures";
import { createSystemClock } from "./system-clock";
import type { EngineTokenizer } from "./tokenizer";

/** Where a simulated engine publishes its KV events. */
export interface SimulatedKvEvents {
  /** Host that the sockets bind. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Port of rank 0's PUB socket, rank r has port + r; 0 takes free ones. Default 0. */
  readonly port?: number | undefined;
  /** Port of rank 0's replay socket, rank r has port + r; 0 takes free ones, undefined has none. Default 0. */
  readonly replayPort?: number | undefined;
  /** First frame of every message. Default empty. */
  readonly topic?: string | undefined;
  /** Batches kept for replay. Default 10,000. */
  readonly bufferSteps?: number | undefined;
  /** `map` as vLLM 0.24 and later, `array` as those before. Default `map`. */
  readonly form?: "map" | "array" | undefined;
  /** `int`: the last 64 bits of a digest; `bytes`: whole digests. Default `int`. */
  readonly hashes?: "int" | "bytes" | undefined;
}

/** Options of {@link startSimulatedEngine}. */
export interface SimulatedEngineOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 takes a free one. Default 0. */
  readonly port?: number | undefined;
  /** Served model name, or names: the first is the one that answers carry. */
  readonly model: string | readonly string[];
  /** LoRA adapters, served under their names. */
  readonly adapters?: readonly SimulatedAdapter[] | undefined;
  /** Default: the simulated tokenizer of `@warmpath/tokenization`. */
  readonly tokenizer?: EngineTokenizer | undefined;
  /** Step-time profile, or its name. Default `qwen3-32b-h100-tp2-2026`. */
  readonly profile?: string | StepTimeProfile | undefined;
  /** Real milliseconds for one simulated millisecond: 0.1 runs ten times faster, 0 does not wait. Default 1. */
  readonly timeScale?: number | undefined;
  /** Default 16. */
  readonly blockSizeTokens?: number | undefined;
  /** The engine's `num_gpu_blocks`. Default 19,208. */
  readonly blocks?: number | undefined;
  /** Prompt and output tokens of one request at most. Default: what fits into the cache, at most 131,072. */
  readonly maxModelLength?: number | undefined;
  /** Tokens of one step at most. Default 8192. */
  readonly maxBatchedTokens?: number | undefined;
  /** Requests that run at once. Default 256. */
  readonly maxSequences?: number | undefined;
  /** vLLM's `--prefix-caching-hash-algo`. Default `sha256`. */
  readonly hashAlgorithm?: VllmHashAlgorithm | undefined;
  /** vLLM's PYTHONHASHSEED; undefined = unset. */
  readonly hashSeed?: string | undefined;
  /** KV events; false publishes none. Default: on, free ports of 127.0.0.1. */
  readonly kvEvents?: SimulatedKvEvents | false | undefined;
  /** Ranks behind the one HTTP port. Default 1. */
  readonly dataParallelSize?: number | undefined;
  /** Shortest and longest answer of the model where nothing cuts it. Default [32, 256] tokens. */
  readonly naturalOutputTokens?: readonly [least: number, most: number] | undefined;
  /** Takes `tools` without `tool_choice: "none"`, as a vLLM with a tool parser does. Tools are never called. Default true. */
  readonly autoToolChoice?: boolean | undefined;
  readonly failures?: SimulatedFailures | undefined;
  /** Default: real time. */
  readonly clock?: Clock | undefined;
  /** For request ids and failures. Default: `Math.random`. */
  readonly random?: Random | undefined;
  /** Seconds since 1970, for answers and events. Default: the system's. */
  readonly wallClockSeconds?: (() => number) | undefined;
}

/** {@link SimulatedEngineOptions} with every default filled in, the tokenizer apart. */
export interface ResolvedEngineOptions {
  readonly host: string;
  readonly port: number;
  readonly models: readonly string[];
  readonly adapters: readonly SimulatedAdapter[];
  readonly profile: string | StepTimeProfile | undefined;
  readonly timeScale: number;
  readonly blockSizeTokens: number;
  readonly blocks: number;
  readonly maxModelLength: number;
  readonly maxBatchedTokens: number | undefined;
  readonly maxSequences: number | undefined;
  readonly hashAlgorithm: VllmHashAlgorithm;
  readonly hashSeed: string | undefined;
  readonly kvEvents: SimulatedKvEvents | false;
  readonly dataParallelSize: number;
  readonly naturalOutputTokens: readonly [least: number, most: number];
  readonly autoToolChoice: boolean;
  readonly failures: SimulatedFailures;
  readonly clock: Clock;
  readonly random: Random;
  readonly wallClockSeconds: () => number;
}

/** Fills and range-checks. Throws `invalid_configuration`. */
export function resolveEngineOptions(options: SimulatedEngineOptions): ResolvedEngineOptions {
  const blockSizeTokens = options.blockSizeTokens ?? 16;
  const blocks = options.blocks ?? 19_208;
  const fits = Math.max(1, (blocks - 1) * blockSizeTokens);
  return {
    host: options.host ?? "127.0.0.1",
    port: whole("port", options.port ?? 0, 0, 65_535),
    models: modelNames(options.model),
    adapters: options.adapters ?? [],
    profile: options.profile,
    timeScale: number("timeScale", options.timeScale ?? 1),
    blockSizeTokens: whole("blockSizeTokens", blockSizeTokens, 1, 2 ** 20),
    blocks: whole("blocks", blocks, 2, 2 ** 31),
    maxModelLength: whole("maxModelLength", options.maxModelLength ?? Math.min(fits, 131_072), 1, fits),
    maxBatchedTokens: options.maxBatchedTokens,
    maxSequences: options.maxSequences,
    hashAlgorithm: options.hashAlgorithm ?? "sha256",
    hashSeed: options.hashSeed,
    kvEvents: options.kvEvents ?? {},
    dataParallelSize: whole("dataParallelSize", options.dataParallelSize ?? 1, 1, 1024),
    naturalOutputTokens: naturalRange(options.naturalOutputTokens ?? [32, 256]),
    autoToolChoice: options.autoToolChoice ?? true,
    failures: options.failures ?? {},
    clock: options.clock ?? createSystemClock(),
    random: options.random ?? { next: Math.random },
    wallClockSeconds: options.wallClockSeconds ?? (() => Date.now() / 1000),
  };
}

function modelNames(model: string | readonly string[]): readonly string[] {
  const names = typeof model === "string" ? [model] : model;
  if (names.length > 0 && names.every((name) => name !== "")) return names;
  throw new WarmpathError("invalid_configuration", "model is empty; give the name under which the model is served.");
}

function naturalRange([least, most]: readonly [number, number]): readonly [number, number] {
  whole("naturalOutputTokens[0]", least, 1, 2 ** 31);
  whole("naturalOutputTokens[1]", most, least, 2 ** 31);
  return [least, most];
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new WarmpathError(
    "invalid_configuration",
    `${name} is ${value}; it must be a whole number, ${least} to ${most}.`,
  );
}

function number(name: string, value: number): number {
  if (value >= 0 && Number.isFinite(value)) return value;
  throw new WarmpathError("invalid_configuration", `${name} is ${value}; it must be 0 or more.`);
}
