import { describe, expect, it } from "vitest";
import { longWordBytes } from "./long-words";

const bytes = (text: string): number => longWordBytes(Buffer.from(text));

describe("longWordBytes", () => {
  it("finds nothing in prose, code, minified JSON and Chinese with its own punctuation", () => {
    expect(bytes("It was the best of times, it was the worst of times. ".repeat(500))).toBe(0);
    expect(bytes('{"a":[1,2,{"b":"c"}],"d":null},'.repeat(500))).toBe(0);
    expect(bytes("天地玄黄，宇宙洪荒。日月盈昃，辰宿列张。".repeat(500))).toBe(0);
    expect(bytes(String.raw`\u5929\u5730\uff0c\u5b87\u5b99\u3002`.repeat(500))).toBe(0);
  });

  it("counts runs of one class, written plainly or as escapes", () => {
    expect(bytes("a".repeat(1000))).toBe(1000);
    expect(bytes(`x ${"7".repeat(300)} y ${" ".repeat(400)}z`)).toBe(701);
    expect(bytes("=".repeat(257))).toBe(257);
    expect(bytes("=".repeat(256))).toBe(0);
    expect(bytes(String.raw`\u0061`.repeat(100))).toBe(600);
    expect(bytes("🙂".repeat(100))).toBe(400);
  });
});
