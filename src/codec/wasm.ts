/**
 * The corner of the WebAssembly API used here: the library `es2023` does not declare it. Modules are
 * compiled once, and can be posted to worker threads.
 *
 * @module
 */
declare const wasmModule: unique symbol;

/** A compiled WebAssembly module; it can be posted to workers. */
export interface WasmModule {
  readonly [wasmModule]: true;
}

/** Memory of an instance. Growing it detaches `buffer` and puts another in its place. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB, or throws RangeError. */
  grow(pages: number): number;
}

/** Functions that a module calls, by module name and function name. */
export type WasmImports = Readonly<
  Record<string, Readonly<Record<string, (...args: readonly number[]) => number>>>
>;

interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports?: WasmImports,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

const api = (): WasmApi => (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;

/**
 * Compiles the bytes of a WebAssembly module.
 *
 * @throws Error (CompileError) when they are none.
 */
export const compileWasm = (bytes: Uint8Array): WasmModule => new (api().Module)(bytes);

/**
 * Exports of a fresh instance, by name.
 *
 * @throws Error (LinkError, RangeError) when it needs other imports, or more memory than there is.
 */
export const instantiateWasm = (
  module: WasmModule,
  imports?: WasmImports,
): Readonly<Record<string, unknown>> => new (api().Instance)(module, imports).exports;
