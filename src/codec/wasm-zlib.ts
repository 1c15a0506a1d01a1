/**
 * Stock zlib compiled to WebAssembly, as the package `@zip.js/zip.js` carries it. Its streams are the
 * reference builder's, at about the speed of native code. The module's bytes are an input: the host layer
 * finds them.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { viewOf } from '../base/bytes.ts';
import { AxfsError } from '../base/errno.ts';
import { instantiateWasm } from './wasm.ts';
import type { WasmMemory, WasmModule } from './wasm.ts';
import { DEFLATE_LEVEL, FLUSH, Z, checkConsumed, damagedStream, unfinishedStream } from './zlib.ts';
import type { Deflater, Inflater } from './zlib.ts';

/** zlib-streams' exports. `…_process` returns the zlib code in bits 24–31 and the bytes made below. */
interface ZlibExports {
  readonly memory: WasmMemory;
  malloc(bytes: number): number;
  deflate_new(): number;
  deflate_init(stream: number, level: number): number;
  deflate_process: ProcessCall;
  deflate_last_consumed(stream: number): number;
  deflate_end(stream: number): number;
  inflate_new(): number;
  inflate_init(stream: number): number;
  inflate_process: ProcessCall;
  inflate_last_consumed(stream: number): number;
  inflate_end(stream: number): number;
}

type ProcessCall = (
  stream: number,
  input: number,
  inputBytes: number,
  output: number,
  ...outputBytesAndFlush: [number, number]
) => number;

const NEEDED = [
  'memory',
  'malloc',
  'deflate_new',
  'deflate_init',
  'deflate_process',
  'deflate_last_consumed',
  'deflate_end',
  'inflate_new',
  'inflate_init',
  'inflate_process',
  'inflate_last_consumed',
  'inflate_end',
] as const satisfies readonly (keyof ZlibExports)[];

/** Bytes of the two windows through which data passes; several pages, far below the 24-bit count. */
const WINDOW_BYTES = 65536;
/** Where `struct z_stream` keeps `msg` on a 32-bit machine. */
const MSG_OFFSET = 24;
const MESSAGE_MAX = 80;

/**
 * A deflater and inflater over an instance of its own (about 17 MB of address space).
 *
 * @throws AxfsError EINVAL when the module is not zlib-streams.
 */
export function createWasmZlib(module: WasmModule): Deflater & Inflater {
  const exports = instantiateWasm(module);
  const missing = NEEDED.find((name) => exports[name] === undefined);
  if (missing !== undefined)
    throw new AxfsError('EINVAL', `the zlib module does not export ${missing}`);
  return new WasmZlib(exports as unknown as ZlibExports);
}

class WasmZlib implements Deflater, Inflater {
  readonly #zlib: ZlibExports;
  readonly #input: number;
  readonly #output: number;
  #heap: Uint8Array;

  constructor(exports: ZlibExports) {
    this.#zlib = exports;
    this.#input = exports.malloc(WINDOW_BYTES);
    this.#output = exports.malloc(WINDOW_BYTES);
    assert(this.#input > 0 && this.#output > 0, () => 'the zlib module has room for its windows');
    this.#heap = new Uint8Array(exports.memory.buffer);
  }

  deflate(input: Uint8Array): Uint8Array {
    const zlib = this.#zlib;
    const stream = zlib.deflate_new();
    const ready = zlib.deflate_init(stream, DEFLATE_LEVEL);
    assert(ready === Z.ok, () => `deflate starts: zlib says ${String(ready)}`);
    const parts: Uint8Array[] = [];
    let consumed = 0;
    for (let code: number = Z.ok; code !== Z.streamEnd;) {
      const length = this.#fill(input, consumed);
      const flush = consumed + length === input.length ? FLUSH.finish : FLUSH.none;
      const result = zlib.deflate_process(
        stream,
        this.#input,
        length,
        this.#output,
        WINDOW_BYTES,
        flush,
      );
      code = result >> 24;
      assert(code >= Z.ok, () => `deflate takes every input: zlib says ${String(code)}`);
      consumed += zlib.deflate_last_consumed(stream);
      parts.push(this.#made(result & 0xffffff).slice());
    }
    zlib.deflate_end(stream);
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : concatenate(parts);
  }

  inflate(stored: Uint8Array, into: Uint8Array): number {
    const zlib = this.#zlib;
    const stream = zlib.inflate_new();
    const ready = zlib.inflate_init(stream);
    assert(ready === Z.ok, () => `inflate starts: zlib says ${String(ready)}`);
    try {
      let consumed = 0;
      let produced = 0;
      for (;;) {
        const length = this.#fill(stored, consumed);
        const room = Math.min(WINDOW_BYTES, into.length - produced);
        // With everything in reach zlib need not copy its history window.
        const all = consumed + length === stored.length && produced + room === into.length;
        const result = zlib.inflate_process(
          stream,
          this.#input,
          length,
          this.#output,
          room,
          all ? FLUSH.finish : FLUSH.none,
        );
        const code = result >> 24;
        const made = this.#made(result & 0xffffff);
        into.set(made, produced);
        produced += made.length;
        const taken = zlib.inflate_last_consumed(stream);
        consumed += taken;
        if (code === Z.streamEnd) {
          checkConsumed(consumed, stored.length);
          return produced;
        }
        if (code === Z.needDict) throw damagedStream('it needs a preset dictionary');
        if (code < Z.ok && code !== Z.bufError) throw damagedStream(this.#message(stream, code));
        if (all || (taken === 0 && made.length === 0))
          throw unfinishedStream(consumed, stored.length, into.length);
      }
    } finally {
      zlib.inflate_end(stream);
    }
  }

  /** Copies the next of `bytes` into the input window and says how many. */
  #fill(bytes: Uint8Array, from: number): number {
    const length = Math.min(WINDOW_BYTES, bytes.length - from);
    this.#refresh();
    this.#heap.set(bytes.subarray(from, from + length), this.#input);
    return length;
  }

  #made(length: number): Uint8Array {
    this.#refresh();
    return this.#heap.subarray(this.#output, this.#output + length);
  }

  /** A growing memory gets a new buffer. */
  #refresh(): void {
    const { buffer } = this.#zlib.memory;
    if (this.#heap.buffer !== buffer) this.#heap = new Uint8Array(buffer);
  }

  /** zlib's sentence on what is wrong, as C text at `stream->msg`. */
  #message(stream: number, code: number): string {
    this.#refresh();
    const at = viewOf(this.#heap).getUint32(stream + MSG_OFFSET, true);
    const text = this.#heap.subarray(at, at + MESSAGE_MAX);
    const end = at === 0 ? 0 : text.indexOf(0);
    return end > 0 ? String.fromCharCode(...text.subarray(0, end)) : `zlib error ${String(code)}`;
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
