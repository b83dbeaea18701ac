import { describe, expect, it } from "vitest";
import { readSnippets, typeErrors } from "../../../tooling/testing/snippets";

const snippets = readSnippets(new URL("../README.md", import.meta.url));

describe("README", () => {
  it("has snippets that compile", () => {
    expect(snippets).toHaveLength(2);
    const wrong = `${snippets[1]!}\nconst wrong: string = sequence;`;
    const [first, second, control] = typeErrors([...snippets, wrong], import.meta.url);
    expect([first, second]).toEqual([[], []]);
    expect(control).toHaveLength(1);
  });
});
