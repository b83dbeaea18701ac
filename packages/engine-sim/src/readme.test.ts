import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as engineSim from "./index";

const README = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const SNIPPETS = [...README.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code as string);

/** Runs a snippet as it stands, its imports taken from the sources. */
async function run(code: string): Promise<unknown[][]> {
  const printed: unknown[][] = [];
  const body = code.replace(/^import \{ (.*) \} from "@warmpath\/engine-sim";$/m, "const { $1 } = engineSim;");
  expect(body).not.toContain("import ");
  const snippet = new Function("engineSim", "console", `return (async () => {${body}})()`);
  await snippet(engineSim, { log: (...values: unknown[]) => printed.push(values) });
  return printed;
}

describe("README.md", () => {
  it("has an engine that answers and publishes", async () => {
    const [[answer, kvEvents] = []] = await run(SNIPPETS[0] as string);
    expect(answer).toMatchObject({ object: "chat.completion", model: "demo" });
    expect(kvEvents).toMatchObject({ publish: expect.stringMatching(/^tcp:/) });
  });

  it("has a fleet that finishes its request", async () => {
    const printed = await run(SNIPPETS[1] as string);
    expect(printed.length).toBe(1);
    expect(printed[0]?.[0]).toBeGreaterThan(100);
    expect(printed[0]?.slice(1)).toEqual([0, 0]);
  });
});
