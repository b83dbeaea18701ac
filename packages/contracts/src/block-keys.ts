/** 64-bit block keys in prompt order, each as two u32. Reusable: `count` says how many are valid. */
export interface BlockKeys {
  /** Low word of block i at 2i, high word at 2i + 1. */
  words: Uint32Array;
  /** Blocks written. */
  count: number;
  /** Tokens that one key stands for. */
  blockSizeTokens: number;
}

/** What separates prompts that have equal tokens but unequal KV blocks. */
export interface KeyScope {
  /** Served model name, or the adapter's where one is used. */
  readonly model: string;
  /** Enters the first block only. */
  readonly cacheSalt?: string | undefined;
}

/** Computes our own block keys: from a request's tokens on one side, from an event's tokens on the other. */
export interface BlockHasher {
  readonly contractVersion: 1;
  readonly algorithm: string;
  /**
   * Appends a key for each full block of `tokens[fromToken, toToken)` to `into`, growing it where needed.
   * The parent of the first is the last key already in `into`, or the scope's root when it is empty.
   * `extras[i]` holds the strings that enter block i of this call (multimodal hashes in order, then the salt), or undefined.
   * Returns the number of keys appended. Allocates nothing else.
   */
  append(input: HashInput, into: BlockKeys): number;
}

/** What one call hashes. */
export interface HashInput {
  readonly tokens: Uint32Array;
  readonly fromToken: number;
  readonly toToken: number;
  /** Parent of the first block where `into` is empty; undefined = the root of `scope`. */
  readonly parent?: { readonly lo: number; readonly hi: number } | undefined;
  readonly scope: KeyScope;
  readonly extras?: readonly (readonly string[] | undefined)[] | undefined;
}
