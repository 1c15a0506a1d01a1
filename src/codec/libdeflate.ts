/**
 * libdeflate compiled to WebAssembly, as the package `libdeflate` carries it: zlib streams that are smaller
 * than zlib's, made faster (level 6), or smaller still (level 12). They are not zlib's streams, byte for
 * byte, but every zlib expands them: their window is 32 KiB and they use no preset dictionary.
 *
 * The package hides the module in JavaScript that listens for the exceptions of the whole process, and makes
 * a compressor for each call. So only the module is taken from it; the host layer finds the text.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { compileWasm, instantiateWasm } from './wasm.ts';
import type { WasmMemory, WasmModule } from './wasm.ts';
import type { Deflater } from './zlib.ts';

/** The package, and the version that this file was written and measured against. */
export const LIBDEFLATE_PACKAGE = { name: 'libdeflate', version: '0.1.0' } as const;

/** Levels of libdeflate used here, of 1 to 12, by the codec that uses them. */
export const LIBDEFLATE_LEVELS = { 'zlib-fast': 6, 'zlib-small': 12 } as const;

/** C functions used here; the package's build gives each a short name of its own in the module. */
const FUNCTIONS = [
  'libdeflate_alloc_compressor',
  'libdeflate_zlib_compress',
  'libdeflate_zlib_compress_bound',
  'malloc',
  'free',
] as const;
type FunctionName = (typeof FUNCTIONS)[number];

/** libdeflate, compiled; it can be posted to workers. */
export interface LibdeflateModule {
  readonly module: WasmModule;
  /** Export that each function, the memory, and the start-up code go by. */
  readonly names: Readonly<Record<FunctionName | 'memory' | 'start', string>>;
}

type Libdeflate = Readonly<Record<FunctionName, (...args: readonly number[]) => number>> & {
  readonly memory: WasmMemory;
};

const WASM_PAGE = 65536;
/** What the glue of Emscripten says: the module's bytes, and what goes by which name. */
const MODULE_TEXT = /"data:application\/octet-stream;base64,([A-Za-z0-9+/]+={0,2})"/;
const MEMORY_NAME = /wasmMemory=Module\["asm"\]\["(\w+)"\]/;
const START_NAME = /addOnInit\(Module\["asm"\]\["(\w+)"\]\)/;
const functionName = (name: string): RegExp =>
  new RegExp(`Module\\["_${name}"\\]=asm\\["(\\w+)"\\]`);

/**
 * Finds libdeflate in the text of the package's `dist/libdeflate.wasm.mjs`.
 *
 * @throws AxfsError EINVAL when the text is another; Error (CompileError) when the module is none.
 */
export function readLibdeflate(
  text: string,
  fromBase64: (text: string) => Uint8Array,
): LibdeflateModule {
  const found = (what: string, pattern: RegExp): string => {
    const match = pattern.exec(text)?.[1];
    if (match === undefined)
      throw new AxfsError('EINVAL', `the package ${LIBDEFLATE_PACKAGE.name} does not hold ${what}`);
    return match;
  };
  const names = Object.fromEntries(
    FUNCTIONS.map((name) => [name, found(name, functionName(name))]),
  );
  return {
    module: compileWasm(fromBase64(found('a WebAssembly module', MODULE_TEXT))),
    names: {
      ...(names as Record<FunctionName, string>),
      memory: found('a memory', MEMORY_NAME),
      start: found('a start', START_NAME),
    },
  };
}

/**
 * A deflater over an instance of its own: 17 MB of address space, of which level 12 uses 9 MB.
 *
 * Preconditions: `level` is from 1 to 12.
 */
export function createLibdeflate(libdeflate: LibdeflateModule, level: number): Deflater {
  return new LibdeflateDeflater(instantiate(libdeflate), level);
}

function instantiate({ module, names }: LibdeflateModule): Libdeflate {
  const holder: { memory?: WasmMemory } = {};
  const exports = instantiateWasm(module, {
    a: {
      // emscripten_resize_heap(bytes): malloc() found no room.
      a: (bytes = 0) => grown(holder.memory, bytes >>> 0),
      // emscripten_memcpy_big(target, source, bytes)
      b: (target = 0, source = 0, bytes = 0) => {
        if (holder.memory !== undefined)
          new Uint8Array(holder.memory.buffer).copyWithin(target, source, source + bytes);
        return target;
      },
    },
  });
  const call = (name: string): ((...args: readonly number[]) => number) =>
    exports[name] as (...args: readonly number[]) => number;
  const memory = exports[names.memory] as WasmMemory;
  holder.memory = memory;
  call(names.start)();
  const functions = Object.fromEntries(FUNCTIONS.map((name) => [name, call(names[name])]));
  return { ...(functions as Record<FunctionName, Libdeflate['malloc']>), memory };
}

/** 1 when the memory has that many bytes now, else 0: what Emscripten's malloc() wants to know. */
function grown(memory: WasmMemory | undefined, bytes: number): number {
  if (memory === undefined) return 0;
  try {
    memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / WASM_PAGE));
    return 1;
  } catch {
    return 0;
  }
}

class LibdeflateDeflater implements Deflater {
  readonly #c: Libdeflate;
  readonly #compressor: number;
  #input = 0;
  #output = 0;
  /** Bytes at `#input` and `#output`. */
  #room = { input: 0, output: 0 };
  #heap: Uint8Array;

  constructor(c: Libdeflate, level: number) {
    this.#c = c;
    this.#compressor = c.libdeflate_alloc_compressor(level);
    assert(this.#compressor > 0, () => `libdeflate has a level ${String(level)}, and room for it`);
    this.#heap = new Uint8Array(c.memory.buffer);
  }

  deflate(input: Uint8Array): Uint8Array {
    if (this.#input === 0 || input.length > this.#room.input) this.#reserve(input.length);
    this.#refresh();
    this.#heap.set(input, this.#input);
    const stored = this.#c.libdeflate_zlib_compress(
      this.#compressor,
      this.#input,
      input.length,
      this.#output,
      this.#room.output,
    );
    assert(
      stored > 0,
      () =>
        `libdeflate ends within its bound: ${String(input.length)} in ${String(this.#room.output)}`,
    );
    this.#refresh();
    return this.#heap.slice(this.#output, this.#output + stored);
  }

  /** Makes room for inputs of this length, and a quarter more. */
  #reserve(length: number): void {
    const c = this.#c;
    c.free(this.#input);
    c.free(this.#output);
    const input = Math.max(WASM_PAGE, length + Math.ceil(length / 4));
    const output = c.libdeflate_zlib_compress_bound(this.#compressor, input);
    this.#room = { input, output };
    this.#input = c.malloc(input);
    this.#output = c.malloc(output);
    assert(
      this.#input > 0 && this.#output > 0,
      () => `there is memory for a block of ${String(length)} bytes`,
    );
  }

  /** A growing memory gets a new buffer. */
  #refresh(): void {
    const { buffer } = this.#c.memory;
    if (this.#heap.buffer !== buffer) this.#heap = new Uint8Array(buffer);
  }
}
