import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type KvEventAddress, WarmpathError } from "@warmpath/contracts";

export interface GatewayProcessOptions {
  readonly port: number;
  readonly policy: "cost" | "round-robin";
  readonly engines: readonly { readonly url: string; readonly kvEvents: KvEventAddress | undefined }[];
}

/** A gateway in a process of its own, as a user would start it. */
export interface GatewayProcess {
  readonly url: string;
  /** Settles when the process ends, however it ends. */
  readonly ended: Promise<number>;
  stop(): Promise<void>;
}

/** Starts `warmpath serve` and resolves once it has engines to route to. */
export async function startGateway(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [gatewayProgram(), ...gatewayArguments(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log = (log + chunk).slice(-4000)));
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  const url = await listening(child, () => log);
  await ready(url, child, () => log);
  return { url, ended, stop: () => stop(child, ended) };
}

function gatewayProgram(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("@warmpath/gateway/package.json")), "bin", "warmpath.js");
}

function gatewayArguments({ port, policy, engines }: GatewayProcessOptions): string[] {
  const endpoints = engines.flatMap(({ url, kvEvents }) => {
    const events = kvEvents
      ? [`kv=${kvEvents.publish}`, ...(kvEvents.replay ? [`replay=${kvEvents.replay}`] : [])]
      : [];
    return ["--endpoint", [url, ...events].join(",")];
  });
  return ["serve", "--port", String(port), "--policy", policy, "--tokenizer", "simulated", ...endpoints];
}

/** The address that the process says it listens on. */
async function listening(child: ChildProcess, log: () => string): Promise<string> {
  for (;;) {
    const url = /gateway (http:\/\/\S+)/.exec(log())?.[1];
    if (url) return url;
    if (child.exitCode !== null) throw failed(log());
    await sleep(20);
  }
}

async function ready(url: string, child: ChildProcess, log: () => string): Promise<void> {
  for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
    const answer = await fetch(`${url}/ready`).catch(() => undefined);
    if (answer?.ok) return;
    if (child.exitCode !== null) throw failed(log());
    await sleep(50);
  }
  child.kill();
  throw failed(`${log()}\nThe gateway found no engine within 20 s.`);
}

/** What the gateway said before it ended is the best explanation there is. */
function failed(log: string): WarmpathError {
  return new WarmpathError("invalid_configuration", log.trim() || "The gateway ended without a word.");
}

async function stop(child: ChildProcess, ended: Promise<number>): Promise<void> {
  child.kill("SIGTERM");
  const giveUp = setTimeout(() => child.kill("SIGKILL"), 3000);
  await ended;
  clearTimeout(giveUp);
}
