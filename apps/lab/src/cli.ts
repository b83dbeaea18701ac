import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { WarmpathError } from "@warmpath/contracts";
import {
  type Commands,
  createProgram,
  oracleTable,
  publishedRuns,
  readMooncakeTrace,
  replay,
  replayTable,
  runDemo,
} from "./index";

const commands: Commands = {
  async replay({ trace: path, policy, requests, blocks, ...options }) {
    const whole = await readMooncakeTrace(path);
    const trace = requests === 0 ? whole : whole.slice(0, requests);
    const results = policy.map((name) => {
      process.stderr.write(`replaying ${trace.length} requests under ${name}\n`);
      return replay({ ...options, trace, policy: name, blocksPerReplica: blocks });
    });
    process.stdout.write(`${replayTable(results).join("\n")}\n`);
  },
  async oracle({ trace }) {
    const rows = [...publishedRuns(await readMooncakeTrace(trace))];
    process.stdout.write(`${oracleTable(rows).join("\n")}\n`);
  },
  async demo({ users, ...options }) {
    const ended = new AbortController();
    // Every request under way listens for the end.
    setMaxListeners(0, ended.signal);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort());
    await runDemo({
      ...options,
      usersPerAssistant: users,
      screen: process.stdout,
      nowMs: () => performance.now(),
      signal: ended.signal,
    });
  },
};

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
try {
  await createProgram(version, commands).parseAsync();
} catch (error) {
  if (!WarmpathError.isInstance(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
