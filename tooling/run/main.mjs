// The root commands: `npm start`, `npm test`, `npm run conformance`, `npm run golden -- PATH…`, `npm run bench [-- PIECE…]`.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { environment, Problem, prepare, root, run, say } from "./setup.mjs";

/** Runs one vitest suite; returns its counts. */
async function vitest(name, args, env) {
  const report = join(root, ".cache", `${name}.json`);
  mkdirSync(join(root, ".cache"), { recursive: true });
  rmSync(report, { force: true });
  const { status } = await run(
    "vitest",
    ["run", ...args, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    {
      env: environment(env),
    },
  );
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, success } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  const failed = success && status === 0 ? 0 : Math.max(1, numFailedTests, numFailedTestSuites);
  return { passed: numPassedTests, failed, skipped: numPendingTests };
}

/** Prints the closing line and turns the counts into an exit status. */
function close({ passed, failed, skipped }) {
  console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

async function step(what, command, args) {
  say(what);
  const { status } = await run(command, args);
  if (status !== 0) throw new Problem(`${what} failed: see the lines above.`);
}

async function test(args) {
  await prepare();
  if (args.length === 0) {
    await step("checking types", "tsc", ["--noEmit", "-p", "tsconfig.json"]);
    await step("checking style", "biome", ["check", "--diagnostic-level=error", "."]);
    await step("checking layers", "node", ["tooling/lint/layers.mjs"]);
    await step("checking packages", "node", ["tooling/lint/publish.mjs"]);
    await step("checking for what nobody uses", "knip", []);
  }
  say("running the tests");
  return close(await vitest("test", args));
}

async function conformance(args) {
  await prepare();
  say("running the tests against real peers");
  return close(await vitest("conformance", ["--config", "vitest.conformance.config.ts", ...args]));
}

async function start(args) {
  await prepare();
  const { status } = await run(process.execPath, ["apps/lab/bin/warmpath-lab.js", "demo", ...args]);
  return status;
}

async function golden(args) {
  await prepare();
  const { status } = await run(process.execPath, [
    "tooling/golden/dist/cli.js",
    ...args.map((path) => resolve(process.env.INIT_CWD ?? root, path)),
  ]);
  return status;
}

/** Folders with a benchmark, by their short names. */
function benches() {
  return ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => ({ name, file: join(group, name, "bench", "main.mjs") }))
      .filter(({ file }) => existsSync(join(root, file))),
  );
}

async function bench(args) {
  await prepare();
  const all = benches();
  const unknown = args.filter((arg) => !all.some(({ name }) => name === arg));
  if (unknown.length > 0)
    throw new Problem(`No benchmark is called ${unknown.join(", ")}; there are ${all.map((b) => b.name).join(", ")}.`);
  let worst = 0;
  for (const { name, file } of all.filter((b) => args.length === 0 || args.includes(b.name))) {
    console.log(`\n== ${name}`);
    const { status } = await run(process.execPath, [file]);
    worst ||= status;
  }
  return worst;
}

const commands = { start, test, conformance, golden, bench };
const [command = "", ...args] = process.argv.slice(2);
try {
  if (!(command in commands))
    throw new Problem(`Unknown command "${command}"; there are ${Object.keys(commands).join(", ")}.`);
  process.exitCode = await commands[command](args);
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
