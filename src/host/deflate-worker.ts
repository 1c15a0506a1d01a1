/**
 * A thread that compresses. Blocks come and go through shared memory; a message only says what is to be done.
 * See {@link ./worker-pool.ts} for the other side.
 *
 * @module
 */
import { parentPort } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { deflateIfSmaller } from '../codec/compressor.ts';
import { LIBDEFLATE_LEVELS, createLibdeflate } from '../codec/libdeflate.ts';
import type { Deflater } from '../codec/zlib.ts';
import type { BatchDone, BatchReady, ThreadTask } from './thread-messages.ts';

const port = parentPort;
assert(port !== null, () => 'this file is the body of a worker thread');

/** Comes with the first message, as a thread may start before anyone knows what for. */
let deflater: Promise<Deflater> | undefined;

port.on('message', (message: ThreadTask | BatchReady) => {
  if ('codec' in message) {
    deflater = makeDeflater(message);
    return;
  }
  void deflater?.then((ready) => {
    compress(ready, message);
    port.postMessage({ id: message.id } satisfies BatchDone);
  });
});

async function makeDeflater({ codec, modules }: ThreadTask): Promise<Deflater> {
  const { libdeflate } = modules;
  if ((codec === 'zlib-fast' || codec === 'zlib-small') && libdeflate !== undefined)
    return createLibdeflate(libdeflate, LIBDEFLATE_LEVELS[codec]);
  // eslint-disable-next-line no-restricted-syntax -- all codecs take longer to load than a thread to start
  const { codecOf } = await import('../codec/codecs.ts');
  return codecOf(codec).makeDeflater(modules);
}

function compress(ready: Deflater, { blocks, shared }: BatchReady): void {
  const lengths = new Uint32Array(shared.lengths);
  let from = 0;
  let to = 0;
  for (let i = 0; i < blocks; i += 1) {
    const length = lengths[i] ?? 0;
    const stored = deflateIfSmaller(ready, new Uint8Array(shared.input, from, length));
    from += length;
    lengths[i] = stored?.length ?? 0;
    if (stored === undefined) continue;
    new Uint8Array(shared.output, to).set(stored);
    to += stored.length;
  }
}
