import { NINE, QUOTE, ZERO } from "./bytes";
import { invalidField } from "./invalid";
import type { Members } from "./members";

/** Decimal digits that a double holds exactly. */
const EXACT_DIGITS = 15;

/** What the engines' lenient validation (pydantic's lax mode) takes for a boolean besides true and false. */
const LAX_BOOLEANS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  ...["1", "on", "t", "true", "y", "yes", 1, true].map((value) => [value, true] as const),
  ...["0", "off", "f", "false", "n", "no", 0, false].map((value) => [value, false] as const),
]);

/** Reads small fields of one object, with the tolerance of the engines: null counts as absent. */
export class ScalarReader {
  private readonly bytes: Buffer;
  private readonly members: Members;
  /** Stands before the names of fields in errors. */
  private readonly prefix: string;

  constructor(bytes: Buffer, members: Members, prefix = "") {
    this.bytes = bytes;
    this.members = members;
    this.prefix = prefix;
  }

  /** Index of the member, or -1 when it is absent or null. */
  present(name: string): number {
    const index = this.members.find(name);
    return index >= 0 && this.bytes[this.members.valueStart(index)] === 0x6e ? -1 : index;
  }

  text(name: string): string | undefined {
    const index = this.present(name);
    if (index < 0) return undefined;
    if (this.bytes[this.members.valueStart(index)] !== QUOTE) throw this.wrong(name, "a string");
    return readText(this.bytes, this.members.valueStart(index), this.members.valueEnd(index));
  }

  boolean(name: string): boolean | undefined {
    const index = this.present(name);
    if (index < 0) return undefined;
    const first = this.bytes[this.members.valueStart(index)];
    if (first === 0x74) return true;
    if (first === 0x66) return false;
    const value = this.parse(index);
    const found = LAX_BOOLEANS.get(typeof value === "string" ? value.toLowerCase() : value);
    if (found === undefined) throw this.wrong(name, "a boolean");
    return found;
  }

  /** Beyond 2^53 the nearest double. */
  integer(name: string): number | undefined {
    const index = this.present(name);
    if (index < 0) return undefined;
    const plain = readDigits(this.bytes, this.members.valueStart(index), this.members.valueEnd(index));
    if (plain >= 0) return plain;
    const value = toInteger(this.parse(index));
    if (value === undefined) throw this.wrong(name, "an integer");
    return value;
  }

  wrong(name: string, expected: string): Error {
    return invalidField(this.prefix + name, expected);
  }

  private parse(index: number): unknown {
    return JSON.parse(this.bytes.toString("utf8", this.members.valueStart(index), this.members.valueEnd(index)));
  }
}

/** Decodes the JSON string in `bytes[start, end)`, quotes included. */
export function readText(bytes: Buffer, start: number, end: number): string {
  const raw = bytes.toString("utf8", start + 1, end - 1);
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
}

/** The number that `bytes[start, end)` spells in plain digits; -1 when there is anything else in it. */
export function readDigits(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > EXACT_DIGITS) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + byte - ZERO;
  }
  return value;
}

/** Whole floats and decimal strings count, as they do for the engines. */
function toInteger(value: unknown): number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  const number = typeof value === "string" && /^\s*[+-]?\d+(\.0*)?\s*$/.test(value) ? Number(value) : value;
  return Number.isInteger(number) ? (number as number) : undefined;
}
