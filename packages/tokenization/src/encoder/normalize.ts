/**
 * Characters that Unicode has given a normalization since version 9, to which the native library's tables belong: for
 * it they are characters like any other, for JavaScript they are reordered or composed. Also the letters that compose
 * with older marks since then.
 */
const UNKNOWN_TO_NATIVE = new RegExp(
  `([${[
    "\\u{558}\\u{58b}\\u{58c}\\u{5c8}\\u{5c9}\\u{7fd}\\u{897}-\\u{89f}\\u{8ca}-\\u{8d3}\\u{9fe}\\u{c3c}\\u{d3b}\\u{d3c}\\u{eba}",
    "\\u{1715}\\u{1abf}-\\u{1af0}\\u{1df6}-\\u{1dfa}\\u{209d}-\\u{209f}\\u{32ff}\\u{a7f1}-\\u{a7f4}\\u{a82c}\\u{ab69}",
    "\\u{105c9}\\u{105d2}\\u{105da}\\u{105e4}\\u{10781}-\\u{107bf}\\u{10d24}-\\u{10d27}\\u{10d69}-\\u{10d6d}",
    "\\u{10eab}\\u{10eac}\\u{10ecb}-\\u{10ecf}\\u{10ef0}-\\u{10eff}\\u{10f46}-\\u{10f50}\\u{10f82}-\\u{10f85}\\u{11070}\\u{1133b}",
    "\\u{11380}-\\u{113d0}\\u{1145e}\\u{11839}\\u{1183a}\\u{11930}-\\u{11943}\\u{119e0}\\u{11a34}\\u{11a47}\\u{11a99}\\u{11d42}",
    "\\u{11d44}\\u{11d45}\\u{11d97}\\u{11f41}\\u{11f42}\\u{16100}-\\u{1612f}\\u{16d40}-\\u{16d6a}\\u{16ff0}\\u{16ff1}",
    "\\u{1b123}-\\u{1b126}\\u{1ccd6}-\\u{1ccf9}\\u{1d127}\\u{1d128}\\u{1d250}-\\u{1d281}\\u{1d6a6}\\u{1df95}\\u{1dfcd}-\\u{1dfff}",
    "\\u{1e030}-\\u{1e06d}\\u{1e08f}\\u{1e130}-\\u{1e136}\\u{1e2ae}\\u{1e2ec}-\\u{1e2ef}\\u{1e4ec}-\\u{1e4ef}\\u{1e5ee}\\u{1e5ef}",
    "\\u{1e6e3}\\u{1e6e6}\\u{1e6ee}\\u{1e6ef}\\u{1e6f5}\\u{1f16c}\\u{1fbf0}-\\u{1fbf9}",
  ].join("")}])`,
  "u",
);

const FORMS: ReadonlySet<unknown> = new Set(["NFC", "NFD", "NFKC", "NFKD"]);

/** Applies a normalizer of tokenizer.json as the native library does; `normalizer` is the file's field. */
export function nativeNormalize(normalizer: unknown, apply: (text: string) => string): (text: string) => string {
  const type = (normalizer as { type?: unknown } | null | undefined)?.type;
  if (!FORMS.has(type)) return apply;
  return (text) => {
    if (!UNKNOWN_TO_NATIVE.test(text)) return apply(text);
    return text
      .split(UNKNOWN_TO_NATIVE)
      .map((part, i) => (i % 2 === 1 ? part : apply(part)))
      .join("");
  };
}
