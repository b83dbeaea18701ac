import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface VllmOptions {
  /** `bin` folder of the environment that has vLLM. */
  readonly bin: string;
  /** Model folder. */
  readonly model: string;
  readonly servedName: string;
  readonly blockSizeTokens: number;
  readonly hashSeed: string;
  /** KV blocks of the pool; undefined leaves it to the engine. */
  readonly blocks?: number;
  readonly ports: { readonly http: number; readonly events: number; readonly replay: number };
}

/** A running engine. */
export interface VllmServer {
  readonly url: string;
  readonly publish: string;
  readonly replay: string;
  /** The last lines of its log. */
  log(): string;
  stop(): Promise<void>;
}

/** A free port of the loopback interface. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** Starts vLLM and resolves once it answers /health. */
export async function startVllm(options: VllmOptions): Promise<VllmServer> {
  const { ports } = options;
  const child = spawn(join(options.bin, "vllm"), serveArguments(options), {
    env: { ...process.env, ...environment(options) },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      log = (log + chunk).slice(-20_000);
    });
  }
  const server: VllmServer = {
    url: `http://127.0.0.1:${ports.http}`,
    publish: `tcp://127.0.0.1:${ports.events}`,
    replay: `tcp://127.0.0.1:${ports.replay}`,
    log: () => log,
    stop: () => stop(child),
  };
  await ready(server, child);
  return server;
}

function serveArguments({ model, servedName, blockSizeTokens, blocks, ports }: VllmOptions): string[] {
  const events = {
    enable_kv_cache_events: true,
    publisher: "zmq",
    endpoint: `tcp://*:${ports.events}`,
    replay_endpoint: `tcp://*:${ports.replay}`,
  };
  return [
    ...["serve", model, "--served-model-name", servedName, "--host", "127.0.0.1", "--port", String(ports.http)],
    ...["--enforce-eager", "--max-model-len", "8192", "--block-size", String(blockSizeTokens)],
    ...["--enable-prompt-tokens-details", "--prefix-caching-hash-algo", "sha256_cbor"],
    ...["--kv-events-config", JSON.stringify(events)],
    ...(blocks === undefined ? [] : ["--num-gpu-blocks-override", String(blocks)]),
  ];
}

function environment({ hashSeed }: VllmOptions): Record<string, string> {
  return {
    HF_HUB_OFFLINE: "1",
    VLLM_NO_USAGE_STATS: "1",
    DO_NOT_TRACK: "1",
    VLLM_CPU_KVCACHE_SPACE: "1",
    VLLM_SERVER_DEV_MODE: "1",
    PYTHONHASHSEED: hashSeed,
  };
}

async function ready(server: VllmServer, child: ChildProcess): Promise<void> {
  for (let waited = 0; waited < 300; waited++) {
    if (child.exitCode !== null) throw new Error(`vLLM ended with status ${child.exitCode}:\n${server.log()}`);
    const answer = await fetch(`${server.url}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(1000);
  }
  await server.stop();
  throw new Error(`vLLM was not ready after 300 s:\n${server.log()}`);
}

/** Ends the whole process group: the API server and its engine. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  process.kill(-child.pid, "SIGTERM");
  const giveUp = setTimeout(() => process.kill(-(child.pid as number), "SIGKILL"), 15_000);
  await ended;
  clearTimeout(giveUp);
}
