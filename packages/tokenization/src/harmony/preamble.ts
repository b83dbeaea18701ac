import { isDict, type PyDict, type PyValue } from "../python/values";
import { developerMessage, type HarmonyMessage } from "./conversation";
import { schemaToTypeScript } from "./typescript-schema";

/** The messages that stand before every conversation: the system block, then instructions and tools where there are any. */
export function preamble(options: {
  readonly effort: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly instructions: string | undefined;
  readonly tools: readonly PyDict[];
}): HarmonyMessage[] {
  const { instructions, tools } = options;
  const system = systemMessage(options.effort, options.date, tools.length > 0);
  // Empty instructions bring no developer block of their own, but stand in the one that the tools bring.
  if (!instructions && tools.length === 0) return [system];
  return [system, developerMessage(instructions, tools.length > 0 ? toolsSection(tools) : undefined)];
}

function systemMessage(effort: string, date: string, hasTools: boolean): HarmonyMessage {
  const channels = "# Valid channels: analysis, commentary, final. Channel must be included for every message.";
  const calls = "\nCalls to these tools must go to the commentary channel: 'functions'.";
  const text = [
    `You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\nCurrent date: ${date}`,
    `Reasoning: ${effort}`,
    channels + (hasTools ? calls : ""),
  ];
  return { author: "system", texts: [text.join("\n\n")] };
}

function toolsSection(tools: readonly PyDict[]): string {
  const lines = tools.flatMap((tool) => toolLines(tool.get("function") as PyDict));
  return [
    "# Tools",
    ["## functions\n", "namespace functions {\n", ...lines, "} // namespace functions"].join("\n"),
  ].join("\n\n");
}

function toolLines(definition: PyDict): string[] {
  const name = String(definition.get("name"));
  const parameters: PyValue = definition.get("parameters") ?? null;
  const type = isDict(parameters) ? `(_: ${schemaToTypeScript(parameters, "")})` : "()";
  return [...descriptionLines(definition.get("description") ?? null), `type ${name} = ${type} => any;\n`];
}

function descriptionLines(description: PyValue): string[] {
  if (typeof description !== "string" || description === "") return [];
  const lines = description.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => `// ${line.replace(/\r$/, "")}`);
}
