const utf8 = new TextEncoder();
/** Longest text that is worth comparing instead of decoding. */
const MAX_LENGTH = 32;

interface KnownText {
  readonly bytes: Uint8Array;
  readonly value: number;
}

/** A fixed set of short texts, recognised in UTF-8 bytes without making a string. */
export class KnownTexts {
  readonly #byLength: readonly (readonly KnownText[])[];

  /** The value of `texts[i]` is i. */
  constructor(texts: readonly string[]) {
    const byLength: KnownText[][] = Array.from({ length: MAX_LENGTH + 1 }, () => []);
    texts.forEach((text, value) => {
      const bytes = utf8.encode(text);
      byLength[bytes.length]?.push({ bytes, value });
    });
    this.#byLength = byLength;
  }

  /** The value of the text in `bytes[start, end)`, or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length > MAX_LENGTH) return -1;
    for (const known of this.#byLength[length]!) {
      if (matches(known.bytes, bytes, start)) return known.value;
    }
    return -1;
  }
}

function matches(known: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < known.length; i++) {
    if (known[i] !== bytes[start + i]) return false;
  }
  return true;
}
