import { type Code, I32, type Local } from "../wasm/code";
import type { FunctionRef, FunctionScope, ModuleBuilder } from "../wasm/module";
import { bump, get, i32, i64, ifElse, repeat, set } from "../wasm/ops";
import { makeCopier } from "./copy";
import { CBOR_ARRAY_OF_3, CBOR_MAJOR, CBOR_NULL, putByte, putHead } from "./encode-cbor";
import { PARENT, SLOT } from "./layout";

/** Where code of one block finds its inputs and leaves its bytes. */
interface Block {
  readonly parent: Local;
  readonly parentLength: Local;
  /** Moves over the block's tokens. */
  readonly tokens: Local;
  readonly blockSize: Local;
  /** Address and length of the encoded extra keys; length 0 stands for None. */
  readonly extra: Local;
  readonly extraLength: Local;
  readonly start: Local;
  /** Write position. */
  readonly at: Local;
  readonly value: Local;
  readonly scratch: Local;
  readonly i: Local;
  readonly copy: (to: Code, from: Code, length: Code) => Code;
}

type Encoder = (block: Block) => Code;

const putCopy = ({ at, copy }: Block, from: Local, length: Local): Code => [
  copy(get(at), get(from), get(length)),
  bump(at, get(length)),
];

const eachToken = (b: Block, code: Code): Code =>
  repeat(b.i, get(b.blockSize), [set(b.value, i32.load(get(b.tokens))), bump(b.tokens, i32.const(4)), code]);

const putExtra = (b: Block, none: number): Code =>
  ifElse(get(b.extraLength), putCopy(b, b.extra, b.extraLength), putByte(b.at, none));

/** Canonical CBOR of `[parent, [tokens], extra | null]`. */
const encodeCbor: Encoder = (b) => [
  putByte(b.at, CBOR_ARRAY_OF_3),
  putHead(b.at, b.parentLength, CBOR_MAJOR.bytes, b.scratch),
  putCopy(b, b.parent, b.parentLength),
  putHead(b.at, b.blockSize, CBOR_MAJOR.array, b.scratch),
  eachToken(b, putHead(b.at, b.value, CBOR_MAJOR.unsigned, b.scratch)),
  putExtra(b, CBOR_NULL),
];

/** BININT1, BININT2, BININT, or LONG1 from 2^31 on. */
function putPickledInt({ at, value, scratch }: Block): Code {
  const wide = i32.ne(i32.shrU(get(value), i32.const(16)), i32.const(0));
  const multiByte: Code = [
    set(scratch, wide),
    // 0x4d = two bytes, 0x4a = four; one store serves both.
    i32.store8(get(at), i32.sub(i32.const(0x4d), i32.mul(get(scratch), i32.const(3)))),
    i32.store(get(at), get(value), 1),
    set(at, i32.add(i32.add(get(at), i32.const(3)), i32.shl(get(scratch), i32.const(1)))),
  ];
  const oneByte: Code = [
    i32.store8(get(at), i32.const(0x4b)),
    i32.store8(get(at), get(value), 1),
    bump(at, i32.const(2)),
  ];
  const long: Code = [
    i32.store16(get(at), i32.const(0x058a)),
    i32.store(get(at), get(value), 2),
    i32.store8(get(at), i32.const(0), 6),
    bump(at, i32.const(7)),
  ];
  const positive = ifElse(i32.gtU(get(value), i32.const(255)), multiByte, oneByte);
  return ifElse(i32.gtU(get(value), i32.const(0x7fffffff)), long, positive);
}

/** Pickle protocol 5 of `(parent, (tokens), extra | None)` within one frame: less than 64 KiB. */
const encodePickle: Encoder = (b) => {
  const isShort = i32.ltU(get(b.blockSize), i32.const(4));
  return [
    i32.store16(get(b.at), i32.const(0x0580)),
    i32.store8(get(b.at), i32.const(0x95), 2),
    bump(b.at, i32.const(11)),
    i32.store8(get(b.at), i32.const(0x43)),
    i32.store8(get(b.at), get(b.parentLength), 1),
    bump(b.at, i32.const(2)),
    putCopy(b, b.parent, b.parentLength),
    putByte(b.at, 0x94),
    ifElse(isShort, [], putByte(b.at, 0x28)),
    eachToken(b, putPickledInt(b)),
    // TUPLE1 to TUPLE3 are 0x85 to 0x87.
    ifElse(
      isShort,
      [i32.store8(get(b.at), i32.add(i32.const(0x84), get(b.blockSize))), bump(b.at, i32.const(1))],
      putByte(b.at, 0x74),
    ),
    putByte(b.at, 0x94),
    putExtra(b, 0x4e),
    [0x87, 0x94, 0x2e].map((byte) => putByte(b.at, byte)),
    i64.store(get(b.start), i64.extend(i32.sub(i32.sub(get(b.at), get(b.start)), i32.const(11))), 3),
  ];
};

function makeBlock(scope: FunctionScope, start: Local, tokens: Local, blockSize: Local): Block {
  const local = (): Local => scope.local(I32);
  return {
    parent: local(),
    parentLength: local(),
    tokens,
    blockSize,
    extra: local(),
    extraLength: local(),
    start,
    at: local(),
    value: local(),
    scratch: local(),
    i: local(),
    copy: makeCopier(scope),
  };
}

/** Reads entry n of a table of (address, length) pairs into locals; without a table the length is 0. */
export const readExtra = (table: Local, extra: Local, extraLength: Local): Code => [
  set(extraLength, i32.const(0)),
  ifElse(get(table), [
    set(extra, i32.load(get(table))),
    set(extraLength, i32.load(get(table), 4)),
    bump(table, i32.const(8)),
  ]),
];

/**
 * Defines `name(tokens, count, blockSize, extras, scratch, out)`: the chain of vLLM's block digests. The parent of the first
 * block stands at `PARENT`, its length at `SLOT`. `extras` is the address of a table or 0.
 */
function defineChain(
  module: ModuleBuilder,
  name: string,
  encode: Encoder,
  digest: FunctionRef,
  digestBytes: number,
): void {
  module.define({ name, params: [I32, I32, I32, I32, I32, I32] }, (scope) => {
    const [tokens, count, blockSize, extras, start, out] = scope.params as [Local, Local, Local, Local, Local, Local];
    const block = makeBlock(scope, start, tokens, blockSize);
    const n = scope.local(I32);
    return [
      set(block.parent, i32.const(PARENT)),
      set(block.parentLength, i32.load(i32.const(SLOT))),
      repeat(n, get(count), [
        readExtra(extras, block.extra, block.extraLength),
        set(block.at, get(start)),
        encode(block),
        digest.call(get(start), i32.sub(get(block.at), get(start)), get(out)),
        set(block.parent, get(out)),
        set(block.parentLength, i32.const(digestBytes)),
        bump(out, i32.const(digestBytes)),
      ]),
    ];
  });
}

export function defineVllmChains(module: ModuleBuilder, sha256: FunctionRef, xxh3: FunctionRef): void {
  defineChain(module, "vllm_sha256", encodePickle, sha256, 32);
  defineChain(module, "vllm_sha256_cbor", encodeCbor, sha256, 32);
  defineChain(module, "vllm_xxhash", encodePickle, xxh3, 16);
  defineChain(module, "vllm_xxhash_cbor", encodeCbor, xxh3, 16);
}
