import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { familyFolder } from "../test-data";
import { loadTokenizer } from "./load-tokenizer";

/** A byte-level tokenizer of 256 characters and one added token, small enough to write by hand. */
function tinyTokenizer(): Record<string, unknown> {
  const vocab = Object.fromEntries([...'abcdefgh" Ġ'].map((char, id) => [char, id]));
  return {
    added_tokens: [{ id: 20, content: "<s>", special: true, normalized: false }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, use_regex: true },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [],
      special_tokens: {},
    },
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: { type: "BPE", vocab: { ...vocab, ab: 12 }, merges: ["a b"] },
  };
}

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tokenizer-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, content: unknown): void {
  writeFileSync(join(root, name), typeof content === "string" ? content : JSON.stringify(content));
}

describe("loadTokenizer", () => {
  it("reads a directory, its config and its template file", async () => {
    write("tokenizer.json", tinyTokenizer());
    write("tokenizer_config.json", { bos_token: { content: "<s>" }, chat_template: "from the config" });
    write("chat_template.jinja", "{{ bos_token }}{{ messages[0].content }}");
    const tokenizer = await loadTokenizer({ source: root });
    expect([...tokenizer.encode("ab <s>c", { addSpecialTokens: true })]).toEqual([20, 12, 10, 20, 2]);
    expect(tokenizer.decode([20, 12, 10, 2])).toBe("<s>ab c");
    expect(tokenizer.decode([20, 12, 10, 2], { skipSpecialTokens: true })).toBe("ab c");
    expect(tokenizer.decode([])).toBe("");
    expect(tokenizer.vocabularySize).toBe(21);
    const chat = tokenizer.renderChat({ messages: [{ role: "user", content: "ab" }] });
    expect(chat).toMatchObject({ text: "<s>ab", templateArguments: { add_generation_prompt: true } });
    expect([...chat.tokenIds]).toEqual([20, 12]);
  });

  it("reads a path of a tokenizer file and works without the others", async () => {
    write("other.json", tinyTokenizer());
    const tokenizer = await loadTokenizer({ source: join(root, "other.json") });
    expect([...tokenizer.encode("ab", { addSpecialTokens: false })]).toEqual([12]);
    expect(tokenizer.chatTemplateSha256).toBeUndefined();
    expect(() => tokenizer.renderChat({ messages: [{ role: "user", content: "a" }] })).toThrow(
      expect.objectContaining({ code: "tokenizer_unavailable" }),
    );
  });

  it("takes a template and defaults of the server", async () => {
    write("tokenizer.json", tinyTokenizer());
    const tokenizer = await loadTokenizer({
      source: root,
      chatTemplate: "{{ word }}",
      defaultTemplateArguments: { word: "ab" },
    });
    const messages = [{ role: "user", content: "a" }];
    expect(tokenizer.renderChat({ messages }).text).toBe("ab");
    expect(tokenizer.renderChat({ messages, chat_template_kwargs: { word: "c" } }).text).toBe("c");
    expect([
      ...tokenizer.renderChat({ messages, add_special_tokens: true, truncate_prompt_tokens: 1 }).tokenIds,
    ]).toEqual([12]);
  });

  it.each([
    ["tokenizer.json", "{", "tokenizer.json is not valid JSON"],
    ["tokenizer.json", [], "tokenizer.json must hold a JSON object"],
    ["tokenizer.json", {}, "tokenizer.json: the field model must"],
    ["tokenizer.json", { model: {} }, "tokenizer.json: the field model.vocab"],
    ["tokenizer.json", { model: { type: "BPE", vocab: {} } }, "tokenizer.json: the field model.merges"],
    [
      "tokenizer.json",
      { ...tinyTokenizer(), added_tokens: [{ id: "x" }] },
      "tokenizer.json: the field added_tokens[0].id",
    ],
    [
      "tokenizer.json",
      { ...tinyTokenizer(), model: { type: "Nope", vocab: {} } },
      "tokenizer.json: the field model.type",
    ],
    ["tokenizer_config.json", "[", "tokenizer_config.json is not valid JSON"],
    ["tokenizer_config.json", { chat_template: [{ name: "x" }] }, "tokenizer_config.json: the field chat_template[0]"],
  ])("names file and field of a malformed %s", async (name, content, message) => {
    write("tokenizer.json", tinyTokenizer());
    write(name, content);
    await expect(loadTokenizer({ source: root })).rejects.toMatchObject({
      code: "tokenizer_malformed",
      message: expect.stringContaining(message),
    });
  });

  it("says what is missing", async () => {
    await expect(loadTokenizer({ source: root })).rejects.toMatchObject({ code: "tokenizer_malformed" });
    await expect(loadTokenizer({ source: "/no/such/folder" })).rejects.toMatchObject({ code: "tokenizer_unavailable" });
    await expect(loadTokenizer({ source: "a/b", cacheDir: root, offline: true })).rejects.toMatchObject({
      code: "tokenizer_unavailable",
      message: expect.stringContaining("offline"),
    });
  });
});

describe("loadTokenizer from a hub", () => {
  let server: Server;
  let url: string;
  let asked: string[];
  let files: Record<string, string>;
  beforeEach(async () => {
    asked = [];
    files = { "tokenizer.json": JSON.stringify(tinyTokenizer()), "chat_template.jinja": "{{ messages[0].content }}" };
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      const name = decodeURIComponent((request.url ?? "").split("?")[0]?.split("/").at(-1) ?? "");
      const content = files[name];
      if (content === undefined) {
        response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
        return;
      }
      const headers = { etag: '"1"', "content-length": String(Buffer.byteLength(content)), "accept-ranges": "bytes" };
      const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "");
      if (!range) {
        response.writeHead(200, headers).end(request.method === "HEAD" ? undefined : content);
        return;
      }
      const part = Buffer.from(content).subarray(Number(range[1]), Number(range[2]) + 1);
      const total = Buffer.byteLength(content);
      response
        .writeHead(206, {
          ...headers,
          "content-length": String(part.length),
          "content-range": `bytes ${range[1]}-${range[2]}/${total}`,
        })
        .end(part);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it("downloads once, then lives on the cache", async () => {
    const options = { source: "owner/name", hubUrl: url, cacheDir: root, revision: "abc" };
    const first = await loadTokenizer(options);
    expect(first.renderChat({ messages: [{ role: "user", content: "ab" }] }).text).toBe("ab");
    expect(asked.some((path) => path.includes("owner/name/resolve/abc/tokenizer.json"))).toBe(true);
    const requests = asked.length;
    const again = await loadTokenizer({ ...options, offline: true });
    expect([...again.encode("ab", { addSpecialTokens: false })]).toEqual([12]);
    await loadTokenizer(options);
    expect(asked.length).toBe(requests);
  });

  it("rejects when the hub cannot be reached", async () => {
    const refuse: typeof fetch = () => Promise.reject(new TypeError("refused"));
    await expect(
      loadTokenizer({ source: "owner/name", hubUrl: url, cacheDir: root, fetch: refuse }),
    ).rejects.toMatchObject({
      code: "tokenizer_unavailable",
      message: expect.stringContaining("refused"),
    });
  });
});

describe("loadTokenizer with a real family", () => {
  it("decides by config.json whether a vocabulary with Harmony's tokens is a Harmony model", async () => {
    const harmony = ["<|start|>", "<|message|>", "<|end|>", "<|channel|>", "<|call|>"];
    const added = harmony.map((content, i) => ({ id: 20 + i, content, special: true, normalized: false }));
    write("tokenizer.json", { ...tinyTokenizer(), post_processor: null, added_tokens: added });
    write("chat_template.jinja", "{{ messages[0].content }}");
    const messages = [{ role: "user", content: "ab" }];
    expect((await loadTokenizer({ source: root })).renderChat({ messages }).text).toContain("<|start|>");
    write("config.json", { model_type: "llama" });
    expect((await loadTokenizer({ source: root })).renderChat({ messages }).text).toBe("ab");
    write("config.json", { model_type: "gpt_oss" });
    expect((await loadTokenizer({ source: root })).renderChat({ messages }).text).toContain("<|start|>");
    expect((await loadTokenizer({ source: root, chatFormat: "template" })).renderChat({ messages }).text).toBe("ab");
  });

  it("follows vLLM or the file where a tokenizer class makes them differ", async () => {
    cpSync(familyFolder("gpt2"), root, { recursive: true });
    const file = JSON.parse(readFileSync(join(root, "tokenizer.json"), "utf8"));
    file.pre_tokenizer = { type: "Split", pattern: { Regex: "\\s+|\\S+" }, behavior: "Isolated", invert: false };
    write("tokenizer.json", {
      ...file,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          file.pre_tokenizer,
          { type: "ByteLevel", use_regex: false, add_prefix_space: false, trim_offsets: true },
        ],
      },
    });
    const options = { addSpecialTokens: false };
    const asFile = await loadTokenizer({ source: root, rules: "file" });
    const asVllm = await loadTokenizer({ source: root });
    expect([...asFile.encode("hello world", options)]).toEqual([31373, 220, 6894]);
    expect([...asVllm.encode("hello world", options)]).toEqual([31373, 995]);
  });
});
