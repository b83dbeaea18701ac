const LONE_SURROGATE = /\p{Surrogate}/gu;

/** The text with each half of a broken surrogate pair as U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, "\ufffd");
}

/** True when no surrogate stands alone. */
export function isWellFormed(text: string): boolean {
  return text.search(LONE_SURROGATE) < 0;
}
