// Checks every publishable package as its users would see it: publint and attw on the packed files.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { environment, root } from "../run/setup.mjs";

const REQUIRED = ["README.md", "tsup.config.ts", "src/index.ts"];

function publishable() {
  return ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name))
      .filter((folder) => existsSync(join(folder, "package.json")))
      .filter((folder) => !JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).private),
  );
}

function run(command, args, cwd) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: environment(), stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("close", (status) => resolve({ status, output }));
  });
}

async function check(folder) {
  const missing = REQUIRED.filter((name) => !existsSync(join(folder, name)));
  const problems = missing.map((name) => `${folder}: ${name} is missing`);
  const publint = await run("publint", ["--strict"], folder);
  if (publint.status !== 0) problems.push(`${folder}: ${publint.output}`);
  const attw = await run("attw", ["--pack", ".", "--profile", "esm-only", "--format", "ascii"], folder);
  if (attw.status !== 0) problems.push(`${folder}: ${attw.output}`);
  return problems;
}

const folders = publishable();
const problems = [];
for (let i = 0; i < folders.length; i += 2) {
  problems.push(...(await Promise.all(folders.slice(i, i + 2).map(check))).flat());
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
