import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createProgram } from "../src/command/program";
import { parseConfig } from "../src/config/read-config";
import { createGateway, GATEWAY_DEFAULTS } from "../src/index";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

function snippets(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, "g"))].map((match) => match[1] ?? "");
}

describe("README", () => {
  it("has a program that runs", async () => {
    const [text = ""] = snippets("ts");
    const body = text.replace('import { createGateway } from "@warmpath/gateway";\n', "");
    expect(body).not.toContain("import");
    const lines: string[] = [];
    const run = Object.getPrototypeOf(async () => undefined).constructor("createGateway", "console", body) as (
      create: typeof createGateway,
      console: { log(line: string): void },
    ) => Promise<void>;
    await run(createGateway, { log: (line) => lines.push(line) });
    expect(lines).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)]);
  });

  it("has a configuration that is one, with defaults where it says so", () => {
    const [text = ""] = snippets("yaml");
    const config = parseConfig(text, "README.md");
    expect(config.endpoints).toHaveLength(2);
    expect(config.maxBodyBytes).toBe(GATEWAY_DEFAULTS.maxBodyBytes);
  });

  it("has command lines that are understood", async () => {
    const commands =
      snippets("sh")
        .join("")
        .match(/npx warmpath .*/g) ?? [];
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      let understood = false;
      const program = createProgram("1", async () => {
        understood = true;
      });
      for (const each of [program, ...program.commands]) each.exitOverride();
      await program.parseAsync(command.split(" ").slice(2), { from: "user" });
      expect(understood).toBe(true);
    }
  });
});
