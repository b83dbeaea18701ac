/** Low byte of the ids of special tokens; no UTF-8 text has this byte. */
const SPECIAL_BYTE = 0xff;

/** Special tokens of the simulated vocabulary, by id. */
export const SPECIAL_TOKENS: ReadonlyMap<number, string> = new Map(
  ["<|start|>", "<|message|>", "<|end|>"].map((text, i) => [((i + 1) << 8) | SPECIAL_BYTE, text]),
);

export const [START, MESSAGE, END] = [...SPECIAL_TOKENS.keys()] as [number, number, number];

const NUL = 0;
const SPACE_BYTES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const encoder = new TextEncoder();

/** Bytes of the character that begins with `lead`. */
function characterLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/**
 * Appends the ids of a text. A word begins at a space and is cut into pieces of at most four bytes, at characters; the
 * bytes of a piece, first byte lowest, are its id. A NUL byte is a piece of its own, so that no piece ends with one.
 */
export function appendWords(text: string, into: number[]): void {
  const bytes = encoder.encode(text);
  let id = 0;
  let used = 0;
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] as number;
    const length = characterLength(lead);
    const alone = lead === NUL;
    if (used > 0 && (alone || SPACE_BYTES.has(lead) || used + length > 4)) {
      into.push(id >>> 0);
      id = 0;
      used = 0;
    }
    if (alone) into.push(NUL);
    else {
      for (let i = 0; i < length; i++) id |= (bytes[at + i] as number) << (8 * used++);
    }
    at += length;
  }
  if (used > 0) into.push(id >>> 0);
}

/** The text of ids, special tokens by their names. */
export function decodeWords(ids: Iterable<number>, skipSpecialTokens: boolean): string {
  const chunks: Uint8Array[] = [];
  for (const id of ids) {
    const special = SPECIAL_TOKENS.get(id);
    if (special === undefined) chunks.push(pieceBytes(id));
    else if (!skipSpecialTokens) chunks.push(encoder.encode(special));
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(chunks));
}

function pieceBytes(id: number): Uint8Array {
  const bytes = [id & 0xff];
  for (let rest = id >>> 8; rest > 0; rest >>>= 8) bytes.push(rest & 0xff);
  return Uint8Array.from(bytes);
}
