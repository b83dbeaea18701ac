import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { loadTokenizer } from "./load/load-tokenizer";
import type { LocalTokenizer } from "./local-tokenizer";
import { familyFolder, fixture, requestOf } from "./test-data";

interface EncodingRecording {
  readonly texts: readonly string[];
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
}

const recording = fixture<EncodingRecording>("encodings");
const golden = fileURLToPath(new URL("../../../../shared/golden/tokenization", import.meta.url));

describe.each(["qwen3", "gpt2"])("a local tokenizer of %s", (family) => {
  let tokenizer: LocalTokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer({ source: familyFolder(family) });
  });

  it("encodes as the native library does, U+0085, U+FEFF and ½ among them", () => {
    recording.texts.forEach((text, i) => {
      expect([...tokenizer.encode(text, { addSpecialTokens: false })], JSON.stringify(text)).toEqual(
        recording.ids[family]?.[i],
      );
    });
  });

  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const decoded = tokenizer.decode(tokenizer.encode(text, { addSpecialTokens: false }));
        expect(decoded.normalize("NFC")).toBe(text.normalize("NFC"));
      }),
    );
  });

  it("counts half a surrogate pair as U+FFFD", () => {
    const options = { addSpecialTokens: false };
    expect(tokenizer.encode("a\ud83d b", options)).toEqual(tokenizer.encode("a\ufffd b", options));
  });

  it.skipIf(!existsSync(golden))("renders the recorded chats (needs ../shared)", () => {
    if (!readdirSync(`${golden}/${family}`).includes("chats.json")) return;
    const lines = readFileSync(`${golden}/${family}/chats.json`, "utf8").split("\n");
    const cases = lines.filter((line) => line.startsWith('{"name":')).map((line) => JSON.parse(line.replace(/,$/, "")));
    const plain = cases.filter(({ name, status }) => status === 200 && !name.startsWith("tool"));
    expect(plain.length).toBeGreaterThan(25);
    for (const { name, request, ids } of plain) {
      expect([...tokenizer.renderChat(JSON.stringify(request)).tokenIds], name).toEqual(ids);
    }
  });
});

describe("tokenize", () => {
  let tokenizer: LocalTokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer({ source: familyFolder("qwen3") });
  });
  const ids = (request: ReturnType<typeof requestOf>): number[] => {
    const prompt = tokenizer.tokenize(request);
    if (prompt instanceof Promise) throw new Error("a local tokenizer answers at once");
    expect(prompt).toMatchObject({ exact: true, multimodal: [] });
    return [...prompt.tokenIds];
  };

  it("renders chats from the client's bytes", () => {
    const body = '{"messages":[{"role":"user","content":"Hello"}],"truncate_prompt_tokens":5}';
    expect(ids(requestOf("chat", body))).toEqual([151645, 198, 151644, 77091, 198]);
    expect(ids(requestOf("chat", body.replace("}]", '}],"truncation_side":"right"')))).toEqual([
      151644, 872, 198, 9707, 151645,
    ]);
  });

  it("encodes the first text of completions and passes on ids", () => {
    const request = (text: string, prompt: Parameters<typeof requestOf>[2]) => requestOf("completions", text, prompt);
    expect(ids(request('{"prompt":"Hello, world!"}', { kind: "text", text: "Hello, world!" }))).toEqual([
      9707, 11, 1879, 0,
    ]);
    expect(ids(request('{"prompt":["Bye","x"]}', { kind: "texts", texts: ["Bye", "x"] }))).toEqual([1359, 68]);
    const sent = Uint32Array.of(9707, 11);
    expect(tokenizer.tokenize(request('{"prompt":[9707,11]}', { kind: "tokens", tokenIds: sent }))).toMatchObject({
      tokenIds: sent,
      source: "client",
    });
    expect(
      ids(request('{"prompt":[[1],[2]]}', { kind: "token-lists", tokenLists: [Uint32Array.of(1), Uint32Array.of(2)] })),
    ).toEqual([1]);
  });

  it("refuses what the engine refuses, and leaves to it what only it can do", () => {
    const chat = requestOf("chat", '{"messages":[{"role":"user","content":"\\ud83d"}]}');
    expect(() => tokenizer.tokenize(chat)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    expect(() => tokenizer.tokenize({ ...chat, multimodal: true })).toThrow(
      expect.objectContaining({ code: "tokenizer_unavailable" }),
    );
    expect(() => tokenizer.tokenize(requestOf("completions", '{"prompt":""}', { kind: "text", text: "" }))).toThrow(
      expect.objectContaining({ code: "invalid_request" }),
    );
  });
});
