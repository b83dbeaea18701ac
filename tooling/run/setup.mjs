// Brings a fresh clone to the point where commands work: the right Node, pnpm, installed packages, built packages.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const PNPM = "pnpm@10.34.9";
const OLDEST_NODE = [20, 19, 0];
const stateDir = join(root, ".cache");

/** An error whose message is all that a user needs. */
export class Problem extends Error {}

/** One line of progress. */
export function say(line) {
  process.stderr.write(`warmpath: ${line}\n`);
}

export function checkNode(version = process.versions.node) {
  const have = version.split(".").map(Number);
  const differs = OLDEST_NODE.findIndex((want, i) => have[i] !== want);
  if (differs >= 0 && have[differs] < OLDEST_NODE[differs]) {
    throw new Problem(
      `Node ${version} is too old: install Node ${OLDEST_NODE.join(".")} or newer (https://nodejs.org).`,
    );
  }
}

/** Environment in which the workspace's own commands are found first. */
export function environment(extra = {}) {
  const path = `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`;
  return { ...process.env, TURBO_TELEMETRY_DISABLED: "1", PATH: path, ...extra };
}

/** Runs a command in the root; resolves to its exit status and what it wrote where `capture` is set. */
export function run(command, args, { env = environment(), capture = false, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ["inherit", capture ? "pipe" : "inherit", capture ? "pipe" : "inherit"],
    });
    let output = "";
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    const forward = (signal) => child.kill(signal);
    process.on("SIGINT", forward);
    process.on("SIGTERM", forward);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", forward);
      process.off("SIGTERM", forward);
      resolve({ status: code ?? (signal ? 130 : 1), output });
    });
  });
}

function stamp() {
  const hash = createHash("sha256").update(process.version);
  for (const name of ["pnpm-lock.yaml", "package.json", "pnpm-workspace.yaml"])
    hash.update(readFileSync(join(root, name)));
  return hash.digest("hex");
}

async function install() {
  const file = join(stateDir, "installed");
  const want = stamp();
  if (existsSync(join(root, "node_modules")) && existsSync(file) && readFileSync(file, "utf8") === want) return;
  say("installing packages (once; about half a minute)");
  const pnpmArgs = [
    "install",
    "--frozen-lockfile",
    "--prefer-offline",
    "--reporter=append-only",
    "--config.confirm-modules-purge=false",
  ];
  const { status, output } = await run("npx", ["-y", PNPM, ...pnpmArgs], { capture: true });
  if (status !== 0) throw new Problem(explainInstall(output));
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(file, want);
}

function explainInstall(output) {
  const tail = output.trim().split("\n").slice(-15).join("\n");
  if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/.test(output)) {
    return `${tail}\nThe npm registry cannot be reached: check the network, or the registry that \`npm config get registry\` names, and run the command again.`;
  }
  if (/ENOSPC/.test(output)) return `${tail}\nThe disk is full: free about 3 GB and run the command again.`;
  return `${tail}\nThe packages could not be installed: see the lines above.`;
}

async function build() {
  say("building");
  const { status, output } = await run("turbo", ["run", "build", "--output-logs=errors-only"], { capture: true });
  if (status !== 0) throw new Problem(`${output}\nThe build failed: see the lines above.`);
}

/** Installs and builds whatever is not yet there. */
export async function prepare() {
  checkNode();
  await install();
  await build();
}
