/**
 * A thread that compresses. Blocks come and go through shared memory; a message only says that a batch is
 * ready. See {@link ./worker-pool.ts} for the other side.
 *
 * @module
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { codecOf } from '../codec/codecs.ts';
import { deflateIfSmaller } from '../codec/compressor.ts';
import type { BatchDone, BatchReady, DeflateWorkerData } from './worker-pool.ts';

const port = parentPort;
assert(port !== null, () => 'this file is the body of a worker thread');
const { codec, modules } = workerData as DeflateWorkerData;
const deflater = codecOf(codec).makeDeflater(modules);

port.on('message', ({ id, blocks, shared }: BatchReady) => {
  const lengths = new Uint32Array(shared.lengths);
  let from = 0;
  let to = 0;
  for (let i = 0; i < blocks; i += 1) {
    const length = lengths[i] ?? 0;
    const stored = deflateIfSmaller(deflater, new Uint8Array(shared.input, from, length));
    from += length;
    lengths[i] = stored?.length ?? 0;
    if (stored === undefined) continue;
    new Uint8Array(shared.output, to).set(stored);
    to += stored.length;
  }
  port.postMessage({ id } satisfies BatchDone);
});
