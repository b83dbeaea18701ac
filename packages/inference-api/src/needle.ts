import { COLON, SPACE } from "./bytes";

/** Looks for one quoted name in a buffer that is read front to back, searching each byte once. */
export class Needle {
  private readonly pattern: Buffer;
  private bytes: Buffer | undefined;
  /** Where it stands next, at or after `from`; -1 where it does not any more. */
  private next = -1;
  private from = 0;

  constructor(name: string) {
    this.pattern = Buffer.from(`"${name}"`);
  }

  /** True when the name stands in `bytes[start, end)`. */
  isIn(bytes: Buffer, start: number, end: number): boolean {
    const at = this.seek(bytes, start);
    return at >= 0 && at < end;
  }

  /** True when the name stands there as a key whose value begins with `first`. */
  isKeyOf(bytes: Buffer, start: number, end: number, first: number): boolean {
    for (let at = this.seek(bytes, start); at >= 0 && at < end; at = this.seek(bytes, at + 1)) {
      const colon = skipSpace(bytes, at + this.pattern.length);
      if (bytes[colon] === COLON && bytes[skipSpace(bytes, colon + 1)] === first) return true;
    }
    return false;
  }

  private seek(bytes: Buffer, start: number): number {
    const isKnown = bytes === this.bytes && start >= this.from && (this.next < 0 || start <= this.next);
    if (!isKnown) {
      this.bytes = bytes;
      this.from = start;
      this.next = bytes.indexOf(this.pattern, start);
    }
    return this.next;
  }
}

function skipSpace(bytes: Buffer, at: number): number {
  let i = at;
  while (i < bytes.length && bytes[i]! <= SPACE) i++;
  return i;
}
