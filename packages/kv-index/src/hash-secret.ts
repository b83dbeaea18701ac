import { WarmpathError } from "@warmpath/contracts";

/** Four odd or arbitrary words that place keys in the tables. Keys come from client-chosen text, so places must not be predictable. */
export interface HashSecret {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** Makes a secret of four u32 words, drawn from the system's generator unless given. Results never depend on it. */
export function createHashSecret(words?: Uint32Array): HashSecret {
  const w = words ?? globalThis.crypto.getRandomValues(new Uint32Array(4));
  if (w.length < 4) throw new WarmpathError("invalid_configuration", "hashSecret needs four 32-bit words");
  return { a: w[0]! | 1, b: w[1]! | 1, c: w[2]!, d: w[3]! | 1 };
}

/** Mixes a 64-bit key to 32 bits whose upper bits choose the place: multiply-xorshift under secret multipliers. */
export function mixKey(secret: HashSecret, lo: number, hi: number): number {
  let h = Math.imul(lo ^ secret.c, secret.a) ^ Math.imul(hi, secret.b);
  h = Math.imul(h ^ (h >>> 15), secret.d);
  return (h ^ (h >>> 13)) >>> 0;
}
