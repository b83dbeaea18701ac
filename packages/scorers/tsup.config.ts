import { defineConfig } from "tsup";
import { preset } from "../../tooling/build/tsup.ts";

export default defineConfig(preset());
