import { readFileSync } from "node:fs";
import { WarmpathError } from "@warmpath/contracts";
import { pino } from "pino";
import { createProgram } from "./command/program";
import { serve } from "./command/serve";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

function fail(error: unknown): never {
  const known = WarmpathError.isInstance(error);
  process.stderr.write(known ? `${error.message}\n` : `${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

const program = createProgram(version, async (args) => {
  const logger = pino({ level: args.logLevel, base: null }, pino.destination(2));
  const served = await serve(args, logger);
  process.stdout.write(`gateway ${served.url}\n`);
  if (served.lonely)
    process.stdout.write("No engine is named: give --endpoint URL, --endpoints-file or --simulate N.\n");
  let stopping = false;
  const stop = (): void => {
    // A second signal does not wait for answers under way.
    if (stopping) process.exit(1);
    stopping = true;
    served.close().then(() => process.exit(0), fail);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
});

program.parseAsync().catch(fail);
