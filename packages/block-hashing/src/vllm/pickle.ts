import { type ByteWriter, utf8Length } from "../byte-writer";
import type { VllmExtraKey } from "./extra-key";

/** What vLLM pickles: nested tuples of integers, text, bytes and None. A `Uint32Array` is a tuple of integers. */
export type PickleValue = VllmExtraKey | Uint32Array | null | readonly PickleValue[];

export interface PickleOptions {
  /**
   * Whether equal strings are one Python object, which is written once and referred to later, or several objects.
   * The tags of tagged extra keys and strings of at most one Latin-1 character always are one object.
   */
  readonly equalStrings: "one-object" | "several-objects";
}

const FRAME_TARGET = 65_536;
const FRAME_HEADER = 9;
const FRAME_MINIMUM = 4;

/** A text that CPython keeps only once: the empty one and single Latin-1 characters. */
const isCachedByPython = (value: string): boolean =>
  value.length === 0 || (value.length === 1 && value.charCodeAt(0) < 256);

/** True for the first item of a tagged extra key; untagged pairs carry a number second. */
const isTag = (tuple: readonly PickleValue[], index: number): boolean =>
  index === 0 && typeof tuple[0] === "string" && tuple.length > 1 && typeof tuple[1] !== "number";

/** Writes what CPython's C pickler writes under protocol 5, opcode for opcode. */
export class Pickler {
  private readonly memo = new Map<string, number>();
  private memoSize: number;
  private frameStart = -1;

  /** `framed` false leaves frames out, for a fragment that the caller frames. `memoSize` objects stand before the first. */
  constructor(
    private readonly out: ByteWriter,
    private readonly options: PickleOptions,
    private framed: boolean,
    memoSize: number,
  ) {
    this.memoSize = memoSize;
  }

  /** A whole pickle. */
  dump(value: PickleValue): void {
    this.out.u8(0x80);
    this.out.u8(5);
    this.save(value, false);
    this.opcode(0x2e);
    this.closeFrame();
  }

  /** The opcodes of one value. `tag` says that its place is that of a tag. */
  save(value: PickleValue, tag: boolean): void {
    this.splitFrame();
    if (value === null) this.opcode(0x4e);
    else if (typeof value === "number") this.integer(value);
    else if (typeof value === "string") this.text(value, tag);
    else if (value instanceof Uint8Array) this.bytes(value);
    else if (value instanceof Uint32Array) this.tuple(Array.from(value));
    else this.tuple(value);
  }

  private opcode(code: number): void {
    if (this.framed && this.frameStart < 0) {
      this.frameStart = this.out.length;
      this.out.u8(0x95);
      this.out.little(0, 8);
    }
    this.out.u8(code);
  }

  private memoize(): void {
    this.opcode(0x94);
    this.memoSize++;
  }

  /** A frame ends before the first value that finds it full. */
  private splitFrame(): void {
    if (this.frameStart < 0) return;
    if (this.out.length - this.frameStart - FRAME_HEADER >= FRAME_TARGET) this.closeFrame();
  }

  private closeFrame(): void {
    if (this.frameStart < 0) return;
    const { out, frameStart } = this;
    const length = out.length - frameStart - FRAME_HEADER;
    if (length >= FRAME_MINIMUM) {
      for (let i = 0, rest = length; i < 8; i++, rest = Math.floor(rest / 256))
        out.bytes[frameStart + 1 + i] = rest & 0xff;
    } else {
      out.bytes.copyWithin(frameStart, frameStart + FRAME_HEADER, out.length);
      out.length -= FRAME_HEADER;
    }
    this.frameStart = -1;
  }

  private integer(value: number): void {
    if (value >= 0 && value < 0x100) this.sized(0x4b, value, 1);
    else if (value >= 0 && value < 0x1_0000) this.sized(0x4d, value, 2);
    else if (value >= -0x8000_0000 && value < 0x8000_0000) this.sized(0x4a, value >>> 0, 4);
    else this.long(value);
  }

  /** LONG1: two's complement in as few bytes as hold the sign. */
  private long(value: number): void {
    const width =
      value >= -0x80_0000_0000 && value < 0x80_0000_0000 ? 5 : value >= -(2 ** 47) && value < 2 ** 47 ? 6 : 7;
    this.sized(0x8a, width, 1);
    this.out.little(value, width);
  }

  private sized(opcode: number, value: number, width: number): void {
    this.opcode(opcode);
    this.out.little(value, width);
  }

  /** Length head and content; content of 64 KiB or more stands outside frames. */
  private content(short: number, long: number, length: number, write: () => void): void {
    const outside = length >= FRAME_TARGET && this.framed;
    if (outside) {
      this.closeFrame();
      this.framed = false;
    }
    if (length < 0x100) this.sized(short, length, 1);
    else this.sized(long, length, 4);
    write();
    if (outside) this.framed = true;
    this.memoize();
  }

  private text(value: string, tag: boolean): void {
    const oneObject = this.options.equalStrings === "one-object" || isCachedByPython(value);
    const shared = tag || oneObject;
    // A tag is an object of its own even where a user's text is equal to it.
    const identity = oneObject ? `text ${value}` : `tag ${value}`;
    const known = shared ? this.memo.get(identity) : undefined;
    if (known !== undefined) {
      if (known < 0x100) this.sized(0x68, known, 1);
      else this.sized(0x6a, known, 4);
      return;
    }
    if (shared) this.memo.set(identity, this.memoSize);
    this.content(0x8c, 0x58, utf8Length(value), () => this.out.text(value));
  }

  private bytes(value: Uint8Array): void {
    this.content(0x43, 0x42, value.length, () => this.out.raw(value));
  }

  private tuple(items: readonly PickleValue[]): void {
    if (items.length === 0) {
      this.opcode(0x29);
      return;
    }
    if (items.length > 3) this.opcode(0x28);
    for (let i = 0; i < items.length; i++) this.save(items[i]!, isTag(items, i));
    this.opcode(items.length > 3 ? 0x74 : 0x84 + items.length);
    this.memoize();
  }
}
