import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root,
  resolve: {
    // Tests run against the sources, so that a change is tested without a build in between.
    alias: [
      { find: /^@warmpath\/(gateway|lab)$/, replacement: `${root}apps/$1/src/index.ts` },
      { find: /^@warmpath\/golden$/, replacement: `${root}tooling/golden/src/index.ts` },
      { find: /^@warmpath\/([a-z-]+)$/, replacement: `${root}packages/$1/src/index.ts` },
    ],
  },
  test: {
    include: ["{packages,apps,examples,tooling}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", "**/*.conformance.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
});
