import { defineConfig } from "tsup";
import { preset } from "../build/tsup.ts";

export default defineConfig(preset({ entry: ["src/index.ts", "src/cli.ts"], dts: false }));
