import { runCli } from "./cli/run-cli";

await runCli(process.argv, { write: (text) => process.stdout.write(text) });
