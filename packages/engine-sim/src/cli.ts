import { readFileSync } from "node:fs";
import { runCli } from "./cli/run-cli";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
await runCli(process.argv, { write: (text) => process.stdout.write(text), version });
