import { describe, expect, it } from "vitest";
import { candidatesWith, contextWith, matchOf } from "./testing/candidates";
import { promptTokens, uncachedTokens, WorkAccount } from "./work-account";

describe("WorkAccount", () => {
  it("counts by slot and gives the mean", () => {
    const account = new WorkAccount(Number.POSITIVE_INFINITY);
    const candidates = candidatesWith({}, {}, {});
    expect(account.mean(candidates, 0)).toBe(0);
    account.add(0, 60);
    account.add(2, 30);
    expect(account.mean(candidates, 1e9)).toBe(30);
    expect([0, 1, 2, 99].map((slot) => account.of(slot))).toEqual([60, 0, 30, 0]);
  });

  it("halves with every half-life", () => {
    const account = new WorkAccount(1000);
    const candidates = candidatesWith({}, {});
    account.mean(candidates, 0);
    account.add(0, 80);
    account.mean(candidates, 1000);
    account.mean(candidates, 3000);
    expect(account.of(0)).toBeCloseTo(10, 9);
  });

  it("opens an account at the mean, for a newcomer and for one who takes over a slot", () => {
    const account = new WorkAccount(Number.POSITIVE_INFINITY);
    const old = candidatesWith({}, {});
    account.mean(old, 0);
    account.add(0, 100);
    account.add(1, 300);
    const newcomer = candidatesWith(...Array.from({ length: 40 }, () => ({})));
    account.mean([old[0]!, old[1]!, newcomer[39]!], 0);
    expect(account.of(39)).toBe(200);
    account.mean([old[0]!, newcomer[1]!], 0);
    expect(account.of(1)).toBe(100);
  });
});

describe("uncachedTokens", () => {
  it("is the prompt without the match, or a quarter of the bytes", () => {
    const candidates = candidatesWith({}, {});
    const context = contextWith(candidates, matchOf(100, [0, 64]));
    expect([uncachedTokens(context, 0), uncachedTokens(context, 1)]).toEqual([100, 36]);
    expect(promptTokens(contextWith(candidates))).toBe(100);
  });
});
