/** The part of a WebAssembly.Memory that is used. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

// Node's type package does not describe WebAssembly; this is the part of the standard that is called.
interface WasmNamespace {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** A module that is compiled when first needed; instances share its machine code. */
export interface LazyModule<Exports> {
  instantiate(): Exports;
}

export function createLazyModule<Exports>(build: () => Uint8Array<ArrayBuffer>): LazyModule<Exports> {
  let compiled: object | undefined;
  return {
    instantiate() {
      const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmNamespace }).WebAssembly;
      compiled ??= new Module(build());
      return new Instance(compiled, {}).exports as Exports;
    },
  };
}
