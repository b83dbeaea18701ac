import type { Code, Local } from "../wasm/code";
import { bump, get, i32, ifElse, set, swap32 } from "../wasm/ops";

const HEAD8 = 24;
const HEAD16 = 25;

/** Writes one byte at `at` and moves on. */
export const putByte = (at: Local, value: number): Code => [
  i32.store8(get(at), i32.const(value)),
  bump(at, i32.const(1)),
];

/** Writes the shortest CBOR head of `value` (u32) with major type `major` at `at`; up to two bytes behind it are touched. */
export function putHead(at: Local, value: Local, major: number, scratch: Local): Code {
  const first = (info: number): Code => i32.const((major << 5) | info);
  // Of 16- and 32-bit forms the wide one has one more in its head and two more bytes; one store serves both.
  const wide = i32.ne(i32.shrU(get(value), i32.const(16)), i32.const(0));
  const shift = i32.sub(i32.const(16), i32.shl(get(scratch), i32.const(4)));
  const multiByte: Code = [
    set(scratch, wide),
    i32.store8(get(at), i32.add(first(HEAD16), get(scratch))),
    i32.store(get(at), i32.shrU(swap32(value), shift), 1),
    set(at, i32.add(i32.add(get(at), i32.const(3)), i32.shl(get(scratch), i32.const(1)))),
  ];
  const small: Code = ifElse(
    i32.ltU(get(value), i32.const(HEAD8)),
    [i32.store8(get(at), i32.add(first(0), get(value))), bump(at, i32.const(1))],
    [i32.store8(get(at), first(HEAD8)), i32.store8(get(at), get(value), 1), bump(at, i32.const(2))],
  );
  return ifElse(i32.gtU(get(value), i32.const(255)), multiByte, small);
}

export const CBOR_MAJOR = { unsigned: 0, bytes: 2, array: 4 } as const;
/** First byte of a u64 in eight bytes. */
export const CBOR_UNSIGNED_64 = 27;
export const CBOR_ARRAY_OF_3 = 0x83;
export const CBOR_NULL = 0xf6;
