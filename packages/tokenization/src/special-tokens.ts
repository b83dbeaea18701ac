const NAMES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/** The named special tokens that tokenizer_config.json defines; templates can print them. */
export function readSpecialTokens(config: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const tokens = new Map<string, string>();
  for (const name of NAMES) {
    const value = config[name];
    const content = typeof value === "object" && value !== null && "content" in value ? value.content : value;
    if (typeof content === "string") tokens.set(name, content);
  }
  return tokens;
}
