import { describe, expect, it } from "vitest";
import { Popularity } from "./popularity";

const keys = (...words: number[]) => ({ words: Uint32Array.from(words), count: words.length / 2, blockSizeTokens: 16 });

describe("Popularity.visit", () => {
  it("counts visits of one block, and forgets them with time", () => {
    const popularity = new Popularity(1000);
    const prompt = keys(1, 1, 7, 7);
    expect([0, 1, 2].map(() => popularity.visit(prompt, 1, 0))).toEqual([0, 1, 2]);
    expect(popularity.visit(prompt, 0, 0)).toBe(0);
    expect(popularity.visit(prompt, 1, 1000)).toBe(1.5);
    expect(popularity.visit(prompt, 1, 20_000)).toBeLessThan(0.01);
  });

  it("lets a newcomer wear an old entry of the same place down", () => {
    const popularity = new Popularity(1e9);
    const [old, fresh] = [keys(1, 5), keys(2, 5)];
    for (let i = 0; i < 3; i++) popularity.visit(old, 0, 0);
    expect([0, 1, 2, 3, 4].map(() => popularity.visit(fresh, 0, 0))).toEqual([0, 0, 0, 0, 1]);
    expect(popularity.visit(old, 0, 0)).toBe(0);
  });
});
