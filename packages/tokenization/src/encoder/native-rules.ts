type Json = Readonly<Record<string, unknown>>;

/** The pattern of the ByteLevel pre-tokenizer, in the form that the native library compiles. */
const BYTE_LEVEL_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function splitBy(pattern: string): Json {
  return { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
}

/**
 * Rewrites a pre-tokenizer so that `@huggingface/tokenizers` classifies characters as the native library does. Its own
 * ByteLevel and Digits use JavaScript's `\s` and `\d`, which differ at U+0085, U+FEFF and at digits outside ASCII; its
 * Split follows Unicode. So both are expressed as a Split.
 */
export function withNativeRules(preTokenizer: unknown): unknown {
  if (!isObject(preTokenizer)) return preTokenizer;
  switch (preTokenizer.type) {
    case "Sequence": {
      const steps = preTokenizer.pretokenizers;
      return { ...preTokenizer, pretokenizers: Array.isArray(steps) ? steps.flatMap(flattened) : [] };
    }
    case "Split":
      return { ...preTokenizer, pattern: withUnicodeFolding(preTokenizer.pattern) };
    case "Digits":
      return splitBy(preTokenizer.individual_digits === true ? "\\p{N}" : "\\p{N}+");
    case "ByteLevel":
      // A prefix space is added before the pattern is applied; such tokenizers are left as they are.
      if (preTokenizer.use_regex === false || preTokenizer.add_prefix_space === true) return preTokenizer;
      return { type: "Sequence", pretokenizers: [splitBy(BYTE_LEVEL_PATTERN), { ...preTokenizer, use_regex: false }] };
    default:
      return preTokenizer;
  }
}

/** Letters outside ASCII that the native library takes for an ASCII letter where case does not count. */
const FOLDED: Readonly<Record<string, string>> = { s: "[s\u017f]", k: "[k\u212a]" };

/** Adds the folded letters to groups without regard to case, such as the English contractions in most patterns. */
function withUnicodeFolding(pattern: unknown): unknown {
  if (!isObject(pattern) || typeof pattern.Regex !== "string") return pattern;
  const folded = pattern.Regex.replace(/\(\?i:[^()[\]\\]*\)/g, (group) =>
    group.replace(/[sk]/gi, (letter) => FOLDED[letter.toLowerCase()] ?? letter),
  );
  return { ...pattern, Regex: folded };
}

function flattened(step: unknown): unknown[] {
  const rewritten = withNativeRules(step);
  const inner = isObject(rewritten) && rewritten.type === "Sequence" ? rewritten.pretokenizers : undefined;
  return Array.isArray(inner) ? inner : [rewritten];
}

/**
 * What transformers 5, and so vLLM, does to a tokenizer because of `tokenizer_class`: GPT2Tokenizer takes vocabulary,
 * merges and added tokens from the file and builds everything else itself.
 */
export function withTokenizerClass(tokenizer: Json, config: Json): Json {
  const name = config.tokenizer_class;
  if (name !== "GPT2Tokenizer" && name !== "GPT2TokenizerFast") return tokenizer;
  const addPrefixSpace = config.add_prefix_space === true;
  const model = isObject(tokenizer.model) ? tokenizer.model : {};
  return {
    ...tokenizer,
    normalizer: null,
    model: { type: "BPE", vocab: model.vocab, merges: model.merges },
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  };
}
