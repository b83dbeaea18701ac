import { type Code, flatten, type Local, unsigned, type ValueType } from "./code";

/** A function that other functions of the module can call. */
export interface FunctionRef {
  /** Code of a call; arguments in order. */
  call(...args: readonly Code[]): Code;
}

/** Gives a function body its parameters and makes its locals. */
export interface FunctionScope {
  readonly params: readonly Local[];
  local(type: ValueType): Local;
}

export interface FunctionOptions {
  /** Export name; undefined keeps it internal. */
  readonly name?: string;
  readonly params: readonly ValueType[];
  readonly result?: ValueType;
}

/** Builds one WebAssembly module with one exported memory, function by function. */
export interface ModuleBuilder {
  define(options: FunctionOptions, body: (scope: FunctionScope) => Code): FunctionRef;
  /** The binary module. */
  bytes(): Uint8Array<ArrayBuffer>;
}

interface Defined {
  readonly options: FunctionOptions;
  readonly locals: readonly ValueType[];
  readonly code: Code;
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

const vector = (items: readonly Code[]): Code => [unsigned(items.length), items];
const name = (text: string): Code => vector([...new TextEncoder().encode(text)]);

function sized(content: Code): Code {
  const bytes: number[] = [];
  flatten(content, bytes);
  return [unsigned(bytes.length), bytes];
}

const section = (id: number, items: readonly Code[]): Code => [id, sized(vector(items))];

function functionType({ options }: Defined): Code {
  return [0x60, vector(options.params), vector(options.result === undefined ? [] : [options.result])];
}

function functionBody({ locals, code }: Defined): Code {
  return sized([vector(locals.map((type) => [1, type])), code, 0x0b]);
}

function exportsOf(functions: readonly Defined[]): Code[] {
  const named = functions.flatMap(({ options }, index): Code[] =>
    options.name === undefined ? [] : [[name(options.name), 0x00, unsigned(index)]],
  );
  return [[name("memory"), 0x02, 0], ...named];
}

/** An empty module whose memory starts with `pages` pages of 64 KiB and can grow. */
export function createModuleBuilder(pages: number): ModuleBuilder {
  const functions: Defined[] = [];
  return {
    define(options, body) {
      const locals: ValueType[] = [];
      const params = options.params.map((type, index) => ({ index, type }));
      const local = (type: ValueType): Local => ({ index: params.length + locals.push(type) - 1, type });
      const code = body({ params, local });
      const index = functions.push({ options, locals, code }) - 1;
      return { call: (...args) => [args, 0x10, unsigned(index)] };
    },
    bytes() {
      const bytes: number[] = [];
      flatten(
        [
          HEADER,
          section(1, functions.map(functionType)),
          section(
            3,
            functions.map((_, index) => unsigned(index)),
          ),
          section(5, [[0x00, unsigned(pages)]]),
          section(7, exportsOf(functions)),
          section(10, functions.map(functionBody)),
        ],
        bytes,
      );
      return Uint8Array.from(bytes);
    },
  };
}
