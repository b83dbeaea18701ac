import { createModuleBuilder } from "../wasm/module";
import { createLazyModule, type WasmMemory } from "../wasm/runtime";
import { defineDynamoChains } from "./dynamo";
import { defineFnv1a64 } from "./fnv";
import { SECRET } from "./layout";
import { defineLlmdChains } from "./llmd";
import { defineNativeChain } from "./native";
import { defineSha256 } from "./sha256";
import { defineVllmChains } from "./vllm";
import { XXH3_SECRET } from "./xxh-primes";
import { defineXxh3Hash64 } from "./xxh3-64";
import { defineXxh3Hash128 } from "./xxh3-128";
import { defineLongHash } from "./xxh3-long";
import { defineXxh64 } from "./xxh64";

type Chain = (tokens: number, count: number, blockSize: number, extras: number, scratch: number, out: number) => void;

/** What the kernel's functions do is said where they are defined; all numbers are addresses, counts or lengths in bytes. */
export interface KernelExports {
  readonly memory: WasmMemory;
  sha256(message: number, length: number, out: number): void;
  xxh3_64(input: number, length: number, seed: bigint): bigint;
  xxh3_128(input: number, length: number, out: number): void;
  xxh64(input: number, length: number): bigint;
  fnv1a64(input: number, length: number): bigint;
  readonly vllm_sha256: Chain;
  readonly vllm_sha256_cbor: Chain;
  readonly vllm_xxhash: Chain;
  readonly vllm_xxhash_cbor: Chain;
  readonly llmd_cbor_fnv: Chain;
  readonly llmd_xxh64: Chain;
  dynamo_local(
    tokens: number,
    count: number,
    blockSize: number,
    window: number,
    extras: number,
    scratch: number,
    out: number,
    seed: bigint,
  ): void;
  dynamo_sequence(locals: number, count: number, hasParent: number, out: number): void;
  native(tokens: number, count: number, groups: number, keys: number, extras: number, out: number): void;
}

function buildModule(): Uint8Array<ArrayBuffer> {
  const module = createModuleBuilder(1);
  const sha256 = defineSha256(module);
  const long = defineLongHash(module);
  const xxh3 = defineXxh3Hash64(module, long);
  const xxh64 = defineXxh64(module);
  const fnv1a64 = defineFnv1a64(module);
  defineVllmChains(module, sha256, defineXxh3Hash128(module, long));
  defineLlmdChains(module, fnv1a64, xxh64);
  defineDynamoChains(module, xxh3);
  defineNativeChain(module);
  return module.bytes();
}

/** One instance of the hash functions with its own memory, and views of that memory. */
export interface Kernel {
  readonly run: KernelExports;
  /** The whole memory; replaced when it grows, so never kept across `reserve`. */
  u8: Uint8Array<ArrayBuffer>;
  u32: Uint32Array<ArrayBuffer>;
  /** Makes addresses below `bytes` valid. */
  reserve(bytes: number): void;
}

const PAGE = 65_536;
const MODULE = createLazyModule<KernelExports>(buildModule);

/** Builds and instantiates the kernel. The code is compiled once per process. */
export function createKernel(): Kernel {
  const run = MODULE.instantiate();
  const kernel: Kernel = {
    run,
    u8: new Uint8Array(run.memory.buffer),
    u32: new Uint32Array(run.memory.buffer),
    reserve(bytes) {
      const missing = bytes - kernel.u8.length;
      if (missing <= 0) return;
      run.memory.grow(Math.ceil(missing / PAGE));
      kernel.u8 = new Uint8Array(run.memory.buffer);
      kernel.u32 = new Uint32Array(run.memory.buffer);
    },
  };
  kernel.u8.set(Buffer.from(XXH3_SECRET, "hex"), SECRET);
  return kernel;
}

let shared: Kernel | undefined;

/**
 * The kernel of hashers that keep nothing in its memory between calls. One is enough: calls do not overlap, and every
 * instance reserves gigabytes of address space.
 */
export function sharedKernel(): Kernel {
  shared ??= createKernel();
  return shared;
}
