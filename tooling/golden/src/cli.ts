import { existsSync } from "node:fs";
import { runGolden } from "./index";

const paths = process.argv.slice(2);
const missing = paths.filter((path) => !existsSync(path));
if (paths.length === 0 || missing.length > 0) {
  console.error(
    missing.length > 0
      ? `There is no ${missing.join(", no ")}.`
      : "Name a recording or a folder of recordings: npm run golden -- PATH…",
  );
  process.exitCode = 2;
} else {
  const { failed } = await runGolden(paths, (line) => console.log(line));
  process.exitCode = failed === 0 ? 0 : 1;
}
