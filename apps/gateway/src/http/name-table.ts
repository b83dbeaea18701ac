/** Case-insensitive rolling hash of one more name byte. Both sides of a `NameTable` use it. */
export function foldName(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + (byte | 0x20)) | 0;
}

function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = foldName(hash, name.charCodeAt(i));
  return hash;
}

/**
 * Header names that mean something, each with a small number. A look-up takes the hash that a scan has folded on its
 * way over the name, so that no string is made for a header that is only passed on.
 */
export class NameTable {
  readonly #mask: number;
  readonly #names: (string | undefined)[];
  readonly #kinds: Uint8Array;

  /** `entries` maps names in lower case to kinds from 1 to 255; 0 stands for every other name. */
  constructor(entries: Readonly<Record<string, number>>) {
    const names = Object.keys(entries);
    let size = 16;
    while (size < names.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#names = new Array<string | undefined>(size).fill(undefined);
    this.#kinds = new Uint8Array(size);
    for (const name of names) this.#insert(name, entries[name] ?? 0);
  }

  #insert(name: string, kind: number): void {
    let at = hashOf(name) & this.#mask;
    while (this.#names[at] !== undefined) at = (at + 1) & this.#mask;
    this.#names[at] = name;
    this.#kinds[at] = kind;
  }

  /** The kind of the name at `bytes[start, end)` whose folded hash is `hash`; 0 when it is not in the table. */
  find(bytes: Uint8Array, start: number, end: number, hash: number): number {
    let at = hash & this.#mask;
    let name = this.#names[at];
    while (name !== undefined) {
      if (name.length === end - start && equalsIgnoringCase(bytes, start, name)) return this.#kinds[at] ?? 0;
      at = (at + 1) & this.#mask;
      name = this.#names[at];
    }
    return 0;
  }
}

/** True when the bytes from `start` spell `lower`, which is in lower case, in any letter case. */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, lower: string): boolean {
  for (let i = 0; i < lower.length; i++) {
    let byte = bytes[start + i] ?? 0;
    if (byte >= 0x41 && byte <= 0x5a) byte += 32;
    if (byte !== lower.charCodeAt(i)) return false;
  }
  return true;
}
