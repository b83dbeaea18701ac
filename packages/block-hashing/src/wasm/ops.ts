import { type Code, type Local, signed, unsigned } from "./code";

type Binary = (left: Code, right: Code) => Code;
type Load = (address: Code, offset?: number) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;

const binary =
  (opcode: number): Binary =>
  (left, right) => [left, right, opcode];

// Alignment hints are always 0: the data is unaligned and the hint has no effect on the result.
const load =
  (opcode: number): Load =>
  (address, offset = 0) => [address, opcode, 0, unsigned(offset)];

const store =
  (opcode: number): Store =>
  (address, value, offset = 0) => [address, value, opcode, 0, unsigned(offset)];

/** 32-bit instructions. Comparisons leave an i32. */
export const i32 = {
  const: (value: number): Code => [0x41, signed(BigInt(value | 0))],
  eqz: (value: Code): Code => [value, 0x45],
  eq: binary(0x46),
  ne: binary(0x47),
  ltU: binary(0x49),
  gtU: binary(0x4b),
  geU: binary(0x4f),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  xor: binary(0x73),
  shl: binary(0x74),
  shrU: binary(0x76),
  rotl: binary(0x77),
  rotr: binary(0x78),
  wrap: (value: Code): Code => [value, 0xa7],
  load: load(0x28),
  load8: load(0x2d),
  store: store(0x36),
  store8: store(0x3a),
  store16: store(0x3b),
};

/** 64-bit instructions. */
export const i64 = {
  const: (value: bigint): Code => [0x42, signed(BigInt.asIntN(64, value))],
  eqz: (value: Code): Code => [value, 0x50],
  add: binary(0x7c),
  sub: binary(0x7d),
  mul: binary(0x7e),
  and: binary(0x83),
  or: binary(0x84),
  xor: binary(0x85),
  shl: binary(0x86),
  shrU: binary(0x88),
  rotl: binary(0x89),
  extend: (value: Code): Code => [value, 0xad],
  load: load(0x29),
  load8: load(0x31),
  load32: load(0x35),
  store: store(0x37),
};

const simd =
  (opcode: number): Binary =>
  (left, right) => [left, right, 0xfd, unsigned(opcode)];

/** The 128-bit instructions that the native hash needs. */
export const v128 = {
  load: ((address, offset = 0) => [address, 0xfd, 0x00, 0, unsigned(offset)]) as Load,
  zero: (): Code => [0xfd, 0x0c, new Array<number>(16).fill(0)],
  addI32: simd(0xae),
  addI64: simd(0xce),
  multiplyLowU32: simd(0xde),
  multiplyHighU32: simd(0xdf),
  lane64: (value: Code, lane: 0 | 1): Code => [value, 0xfd, 0x1d, lane],
};

export const get = (local: Local): Code => [0x20, unsigned(local.index)];
export const set = (local: Local, value: Code): Code => [value, 0x21, unsigned(local.index)];
export const tee = (local: Local, value: Code): Code => [value, 0x22, unsigned(local.index)];

/** `local += by` for an i32 local. */
export const bump = (local: Local, by: Code): Code => set(local, i32.add(get(local), by));

/** Both values are computed; `condition` picks one. */
export const select = (condition: Code, whenTrue: Code, whenFalse: Code): Code => [
  whenTrue,
  whenFalse,
  condition,
  0x1b,
];

export const ifElse = (condition: Code, then: Code, otherwise: Code = []): Code => [
  condition,
  0x04,
  0x40,
  then,
  0x05,
  otherwise,
  0x0b,
];

/** Runs `body` as long as `condition` holds, testing first. */
export const whileLoop = (condition: Code, body: Code): Code => [
  [0x02, 0x40, 0x03, 0x40],
  [i32.eqz(condition), 0x0d, 1],
  body,
  [0x0c, 0, 0x0b, 0x0b],
];

/** Runs `body` with `counter` from 0 up to and without `end`. */
export const repeat = (counter: Local, end: Code, body: Code): Code => [
  set(counter, i32.const(0)),
  whileLoop(i32.ltU(get(counter), end), [body, bump(counter, i32.const(1))]),
];

export const ret = (value: Code): Code => [value, 0x0f];

/** Byte order reversed. */
export const swap32 = (value: Local): Code =>
  i32.or(
    i32.and(i32.rotl(get(value), i32.const(8)), i32.const(0x00ff00ff)),
    i32.and(i32.rotr(get(value), i32.const(8)), i32.const(0xff00ff00)),
  );
