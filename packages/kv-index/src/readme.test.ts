import { describe, expect, it } from "vitest";
import { readSnippets, typeErrors } from "../../../tooling/testing/snippets";

const snippets = readSnippets(new URL("../README.md", import.meta.url));

describe("README", () => {
  it("has snippets that compile", () => {
    expect(snippets).toHaveLength(1);
    const wrong = `${snippets[0]!}\nconst wrong: string = matches.count;`;
    const [first, control] = typeErrors([...snippets, wrong], import.meta.url);
    expect(first).toEqual([]);
    expect(control).toHaveLength(1);
  });
});
