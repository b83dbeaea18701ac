import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

const config = mergeConfig(
  base,
  defineConfig({ test: { testTimeout: 600_000, hookTimeout: 900_000, fileParallelism: false } }),
);
// Lists are joined when configurations are merged; here they must replace.
config.test.include = ["tooling/conformance/**/*.conformance.test.ts"];
config.test.exclude = ["**/node_modules/**", "**/dist/**"];

export default config;
