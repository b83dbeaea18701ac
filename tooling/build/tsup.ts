import type { Options } from "tsup";

/** The one build preset: ESM, declarations, no source maps of dependencies. `entry` defaults to the public entry. */
export function preset(overrides: Options = {}): Options {
  return {
    entry: ["src/index.ts"],
    format: ["esm"],
    target: "node20",
    platform: "node",
    dts: true,
    sourcemap: true,
    clean: true,
    splitting: true,
    treeshake: true,
    ...overrides,
  };
}
