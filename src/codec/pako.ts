/**
 * zlib in JavaScript: pako with its `legacyHash`, which makes it the portable reference for stock zlib's
 * output. Runs wherever JavaScript does; the WebAssembly build next door is five times faster.
 *
 * @module
 */
import {
  ZStream,
  zlibDeflate,
  zlibDeflateInit2,
  zlibDeflateReset,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from 'pako';
import { assert } from '../base/assert.ts';
import { DEFLATE_LEVEL, FLUSH, Z, checkConsumed, damagedStream, unfinishedStream } from './zlib.ts';
import type { Deflater, Inflater } from './zlib.ts';

/** Method, window, memory level and strategy that stock deflateInit() takes. */
const METHOD_DEFLATED = 8;
const WINDOW_BITS = 15;
const MEMORY_LEVEL = 8;
const DEFAULT_STRATEGY = 0;

const NOTHING = new Uint8Array(0);

/** stock deflateBound() for default parameters: no stream is longer. */
const deflateBound = (length: number): number =>
  length +
  Math.floor(length / 4096) +
  Math.floor(length / 16384) +
  Math.floor(length / 2 ** 25) +
  13;

/** A deflater over one pako stream, reset between calls. */
export function createPakoDeflater(): Deflater {
  const stream = new ZStream();
  const ready = zlibDeflateInit2(
    stream,
    DEFLATE_LEVEL,
    METHOD_DEFLATED,
    WINDOW_BITS,
    MEMORY_LEVEL,
    DEFAULT_STRATEGY,
    true,
  );
  assert(ready === Z.ok, () => `pako starts with stock parameters: ${String(ready)}`);
  let output = new Uint8Array(8192);
  return {
    deflate(input) {
      zlibDeflateReset(stream);
      const bound = deflateBound(input.length);
      if (output.length < bound) output = new Uint8Array(bound);
      stream.input = input;
      stream.next_in = 0;
      stream.avail_in = input.length;
      stream.output = output;
      stream.next_out = 0;
      stream.avail_out = output.length;
      const status = zlibDeflate(stream, FLUSH.finish);
      stream.input = NOTHING;
      assert(
        status === Z.streamEnd,
        () => `deflate ends within deflateBound(): ${String(status)} for ${String(input.length)}`,
      );
      return output.slice(0, stream.next_out);
    },
  };
}

/** An inflater over one pako stream, reset between calls; it writes straight into the caller's bytes. */
export function createPakoInflater(): Inflater {
  const stream = new ZStream();
  const ready = zlibInflateInit2(stream, WINDOW_BITS);
  assert(ready === Z.ok, () => `pako starts with a 32 KiB window: ${String(ready)}`);
  return {
    inflate(stored, into) {
      zlibInflateReset(stream);
      stream.input = stored;
      stream.next_in = 0;
      stream.avail_in = stored.length;
      // pako's types ask for an ArrayBuffer under the bytes, its code does not.
      stream.output = into as Uint8Array<ArrayBuffer>;
      stream.next_out = 0;
      stream.avail_out = into.length;
      const status = zlibInflate(stream, FLUSH.finish);
      stream.input = NOTHING;
      stream.output = NOTHING;
      if (status === Z.needDict) throw damagedStream('it needs a preset dictionary');
      if (status < Z.ok && status !== Z.bufError) throw damagedStream(stream.msg);
      if (status !== Z.streamEnd)
        throw unfinishedStream(stream.next_in, stored.length, into.length);
      checkConsumed(stream.next_in, stored.length);
      return stream.next_out;
    },
  };
}
