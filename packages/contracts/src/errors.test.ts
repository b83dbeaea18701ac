import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode, WarmpathError } from "./index";

describe("ERROR_CODES", () => {
  it("has a status, a type and a sentence for every code", () => {
    for (const [code, entry] of Object.entries(ERROR_CODES)) {
      expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(entry.status).toBeGreaterThanOrEqual(400);
      expect(entry.status).toBeLessThan(600);
      expect(entry.type).toMatch(/^[a-z_]+$/);
      expect(entry.doc).toMatch(/\.$/);
    }
  });
});

describe("WarmpathError", () => {
  it("answers in OpenAI's shape for every code", () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const error = new WarmpathError(code, "what was wrong", { param: "model" });
      expect(error.status).toBe(ERROR_CODES[code].status);
      expect(error.toOpenAI()).toEqual({
        error: { message: "what was wrong", type: ERROR_CODES[code].type, param: "model", code },
      });
    }
  });

  it("keeps the cause and is known across copies of the package", () => {
    const cause = new Error("below");
    const error = new WarmpathError("internal_error", "x", { cause });
    expect(error.cause).toBe(cause);
    expect(WarmpathError.isInstance(error)).toBe(true);
    expect(WarmpathError.isInstance(new Error("x"))).toBe(false);
    expect(error.toOpenAI().error.param).toBeNull();
  });
});
