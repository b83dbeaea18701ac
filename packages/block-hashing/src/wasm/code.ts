/** Instruction bytes, nested as they were built; flattened once, when the module is written. */
export type Code = number | readonly Code[];

/** i32 = 0x7f, i64 = 0x7e, v128 = 0x7b, as in the binary format. */
export type ValueType = 0x7f | 0x7e | 0x7b;

export const I32 = 0x7f;
export const I64 = 0x7e;
export const V128 = 0x7b;

/** A local variable or parameter of a function under construction. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** Signed LEB128 of a value within the 64-bit range. */
export function signed(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

/** Appends the bytes of `code` to `into`, depth first. */
export function flatten(code: Code, into: number[]): void {
  if (typeof code === "number") {
    into.push(code);
    return;
  }
  for (const part of code) flatten(part, into);
}
