import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { LocalTokenizer } from "@warmpath/tokenization";
import type { CaseResult, GoldenKind } from "../kind";
import { familyOf, loadFamily } from "./tokenizer-data";

/** Recorded ids: in full, or as count and digest. */
interface Ids {
  readonly ids?: readonly number[];
  readonly count?: number;
  readonly sha256?: string;
  readonly first?: readonly number[];
  readonly last?: readonly number[];
}

interface Rule {
  readonly kind: "repeat" | "lcg";
  readonly unit?: string;
  readonly units?: readonly string[];
  readonly count: number;
  readonly seed?: number;
  readonly sep?: string;
}

interface TextCase extends Ids {
  readonly id: string;
  readonly cat: string;
  readonly text?: string;
  readonly rule?: Rule;
  readonly utf8_bytes?: number;
  readonly text_sha256?: string;
  /** What transformers, and so vLLM, gives where it differs from tokenizer.json. */
  readonly transformers?: Ids;
}

interface EncodingsFile {
  readonly about: {
    readonly family?: string;
    readonly special_prefix: readonly number[];
    readonly special_suffix: readonly number[];
  };
  readonly texts: readonly TextCase[];
}

/** Texts and their token ids: `tokenization/FAMILY/encodings.json`, known by their heads. */
export const encodingsKind: GoldenKind = {
  name: "tokenization/encodings",
  matches: (path, head) => path.endsWith(".json") && head.includes('"about"') && head.includes('"special_prefix"'),
  async *run(path) {
    const file = JSON.parse(await readFile(path, "utf8")) as EncodingsFile;
    const family = familyOf(path, file.about);
    const byFile = await loadFamily(family, { rules: "file" });
    const byEngine = file.texts.some(({ transformers }) => transformers) ? await loadFamily(family) : byFile;
    for (const text of file.texts) yield runText(text, file.about, byFile, byEngine);
  },
};

function runText(
  item: TextCase,
  about: EncodingsFile["about"],
  byFile: LocalTokenizer,
  byEngine: LocalTokenizer,
): CaseResult {
  const name = `${item.id} ${item.cat}`;
  const text = item.text ?? expand(item.rule);
  const wrongText = checkText(item, text);
  if (wrongText) return { name, passed: false, detail: wrongText };
  const plain = byFile.encode(text, { addSpecialTokens: false });
  const special = byFile.encode(text, { addSpecialTokens: true });
  const problems = [
    compare("ids", item, plain),
    compare("with special tokens", { ids: [...about.special_prefix, ...plain, ...about.special_suffix] }, special),
    compare("as vLLM", item.transformers ?? item, byEngine.encode(text, { addSpecialTokens: false })),
  ].filter((problem) => problem !== undefined);
  if (problems.length === 0) return { name, passed: true };
  return { name, passed: false, detail: [`text ${JSON.stringify(item.text ?? item.rule)}`, ...problems].join("\n") };
}

function expand(rule: Rule | undefined): string {
  if (!rule) return "";
  if (rule.kind === "repeat") return (rule.unit ?? "").repeat(rule.count);
  const units = rule.units ?? [];
  const drawn: string[] = [];
  let state = (rule.seed ?? 0) >>> 0;
  for (let i = 0; i < rule.count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    drawn.push(units[(state >>> 16) % units.length] ?? "");
  }
  return drawn.join(rule.sep ?? "");
}

/** A rule that was expanded wrongly must not look like a wrong encoding. */
function checkText(item: TextCase, text: string): string | undefined {
  if (item.text_sha256 === undefined) return undefined;
  const bytes = Buffer.from(text, "utf8");
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (bytes.length === item.utf8_bytes && digest === item.text_sha256) return undefined;
  return `the text expands to ${bytes.length} bytes with sha256 ${digest}`;
}

function compare(what: string, expected: Ids, actual: Uint32Array): string | undefined {
  if (expected.ids) {
    const same = expected.ids.length === actual.length && expected.ids.every((id, i) => id === actual[i]);
    return same
      ? undefined
      : `${what}: expected ${JSON.stringify(expected.ids)}\n${what}: got ${JSON.stringify([...actual])}`;
  }
  const digest = createHash("sha256").update(littleEndian(actual)).digest("hex");
  if (actual.length === expected.count && digest === expected.sha256) return undefined;
  const got = { count: actual.length, sha256: digest, first: [...actual.slice(0, 8)], last: [...actual.slice(-8)] };
  const { count, sha256, first, last } = expected;
  return `${what}: expected ${JSON.stringify({ count, sha256, first, last })}\n${what}: got ${JSON.stringify(got)}`;
}

function littleEndian(ids: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(ids.length * 4);
  const view = new DataView(bytes.buffer);
  ids.forEach((id, i) => {
    view.setUint32(i * 4, id, true);
  });
  return bytes;
}
