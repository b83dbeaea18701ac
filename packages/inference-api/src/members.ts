import type { ByteRange } from "@warmpath/contracts";
import { BACKSLASH, CLOSE_BRACE, QUOTE, SPACE } from "./bytes";
import type { JsonScanner } from "./json-scanner";

/** Numbers that describe one member: hash of the key, key start and end with its quotes, value start and end. */
const STRIDE = 5;

/** The members of one JSON object in the order of its bytes, as offsets. Nothing is decoded but escaped keys. */
export class Members {
  /** Offset behind the object's closing brace. */
  end = 0;
  private readonly scanner: JsonScanner;
  private readonly spans: number[] = [];
  /** Numbers in use; the rest of `spans` is left over from an earlier object. */
  private size = 0;
  /** Keys with escapes or non-ASCII bytes, by member. */
  private decodedKeys: Map<number, string> | undefined;

  constructor(scanner: JsonScanner) {
    this.scanner = scanner;
  }

  get count(): number {
    return this.size / STRIDE;
  }

  keyStart(index: number): number {
    return this.spans[index * STRIDE + 1]!;
  }

  valueStart(index: number): number {
    return this.spans[index * STRIDE + 3]!;
  }

  valueEnd(index: number): number {
    return this.spans[index * STRIDE + 4]!;
  }

  range(index: number): ByteRange {
    return { start: this.valueStart(index), end: this.valueEnd(index) };
  }

  /** The last member of that name, which is the one that counts; -1 where there is none. */
  find(name: string): number {
    const hash = hashText(name);
    for (let index = this.count - 1; index >= 0; index--) if (this.isNamed(index, name, hash)) return index;
    return -1;
  }

  /** Every member of that name. */
  findAll(name: string): number[] {
    const hash = hashText(name);
    const found: number[] = [];
    for (let index = 0; index < this.count; index++) if (this.isNamed(index, name, hash)) found.push(index);
    return found;
  }

  /** Reads the members of the object whose opening brace is at `at`, in place of those read before; `depth` counts it. */
  read(at: number, depth: number): this {
    const { scanner } = this;
    this.size = 0;
    this.decodedKeys = undefined;
    let i = scanner.enter(at, depth);
    if (scanner.peek(i) === CLOSE_BRACE) {
      this.end = i + 1;
      return this;
    }
    for (;;) {
      const valueStart = scanner.skipColon(this.readKey(i));
      i = scanner.skipValue(valueStart, depth);
      this.add(valueStart);
      this.add(i);
      i = scanner.afterItem(i, CLOSE_BRACE);
      if (scanner.bytes[i - 1] === CLOSE_BRACE) break;
      i = scanner.skipSpace(i);
    }
    this.end = i;
    return this;
  }

  private readKey(at: number): number {
    const { bytes, end } = this.scanner;
    if (this.scanner.peek(at) !== QUOTE) throw this.scanner.unexpected(at);
    let hash = 0;
    for (let i = at + 1; i < end; i++) {
      const byte = bytes[i]!;
      if (byte === QUOTE) {
        return this.addKey(hash, at, i + 1);
      }
      if (byte === BACKSLASH || byte < SPACE || byte >= 0x80) break;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    return this.readOddKey(at);
  }

  private readOddKey(at: number): number {
    const end = this.scanner.skipString(at);
    const name = JSON.parse(this.scanner.bytes.toString("utf8", at, end)) as string;
    this.decodedKeys ??= new Map();
    this.decodedKeys.set(this.count, name);
    return this.addKey(hashText(name), at, end);
  }

  private addKey(hash: number, start: number, end: number): number {
    this.add(hash);
    this.add(start);
    this.add(end);
    return end;
  }

  private add(value: number): void {
    this.spans[this.size++] = value;
  }

  private isNamed(index: number, name: string, hash: number): boolean {
    const at = index * STRIDE;
    if (this.spans[at] !== hash) return false;
    const decoded = this.decodedKeys?.get(index);
    if (decoded !== undefined) return decoded === name;
    const start = this.spans[at + 1]! + 1;
    if (this.spans[at + 2]! - 1 - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.scanner.bytes[start + i] !== name.charCodeAt(i)) return false;
    return true;
  }
}

/** Over UTF-16 units; equal to the hash over bytes for ASCII. */
function hashText(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
