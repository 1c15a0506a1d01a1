/**
 * Compresses on worker threads. Input and output pass through shared memory, so that a batch costs two
 * copies and two small messages. Threads start at once, while the builder still reads the tree; idle ones do
 * not keep the process alive; the failure of one fails every batch, with one sentence.
 *
 * @module
 */
import type { Worker } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { AxfsError } from '../base/errno.ts';
import { DEFAULT_CODEC, checkModules } from '../codec/codecs.ts';
import type { CodecModules, CodecName } from '../codec/codecs.ts';
import type { CompressedBlock, PageCompressor } from '../codec/compressor.ts';
import { startThread } from './early-threads.ts';
import type { EarlyThreads } from './early-threads.ts';
import type { BatchDone, BatchReady, SharedBatch, ThreadTask } from './thread-messages.ts';

/** How to set up a pool. */
export interface WorkerPoolOptions {
  /** Compiled deflate-worker.js: Node 20 runs no TypeScript. */
  readonly workerUrl: URL;
  /** Most threads, at least 1. */
  readonly jobs: number;
  /** What the workers make of blocks; default: zlib. */
  readonly codec?: CodecName;
  /** Compiled codecs for the workers; default: none. */
  readonly modules?: CodecModules;
  /** Threads of the same code that have started already; the pool takes what it needs of them. */
  readonly early?: EarlyThreads | undefined;
}

interface Batch {
  readonly thread: Thread;
  readonly blocks: number;
  readonly shared: SharedBatch;
  readonly resolve: (result: readonly CompressedBlock[]) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  waiting: number;
}

/** Two batches a thread: one at work, one ready. */
const BATCHES_PER_THREAD = 2;
const GRAIN = 65536;

/**
 * A compressor over up to `jobs` threads.
 *
 * @throws AxfsError EOPNOTSUPP when the codec needs a module that is missing.
 */
export function createWorkerPool(options: WorkerPoolOptions): PageCompressor {
  assert(
    Number.isInteger(options.jobs) && options.jobs >= 1,
    () => `a pool has at least one thread: ${String(options.jobs)}`,
  );
  const { codec = DEFAULT_CODEC, modules = {} } = options;
  checkModules(codec, modules);
  return new WorkerPool(options, { codec, modules });
}

class WorkerPool implements PageCompressor {
  readonly parallelism: number;
  readonly #options: WorkerPoolOptions;
  readonly #task: ThreadTask;
  readonly #threads: Thread[] = [];
  readonly #batches = new Map<number, Batch>();
  readonly #free: SharedBatch[] = [];
  #nextId = 0;
  #failure: AxfsError | undefined;

  constructor(options: WorkerPoolOptions, task: ThreadTask) {
    this.#options = options;
    this.#task = task;
    this.parallelism = options.jobs * BATCHES_PER_THREAD;
    for (let i = 0; i < options.jobs; i += 1) this.#start();
  }

  compress(blocks: readonly Uint8Array[]): Promise<readonly CompressedBlock[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const shared = this.#claim(blocks);
    const thread = this.#pick();
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#batches.set(id, { thread, blocks: blocks.length, shared, resolve, reject });
      thread.waiting += 1;
      if (thread.waiting === 1) thread.worker.ref();
      thread.worker.postMessage({ id, blocks: blocks.length, shared } satisfies BatchReady);
    });
  }

  async close(): Promise<void> {
    this.#fail('the compressor was closed');
    await Promise.all(
      this.#threads.map(({ worker }) => {
        // The end of an idle thread is waited for, too.
        worker.ref();
        return worker.terminate();
      }),
    );
  }

  /** The least busy thread. */
  #pick(): Thread {
    return this.#threads.reduce((best, thread) => (thread.waiting < best.waiting ? thread : best));
  }

  #start(): void {
    const { early, workerUrl } = this.#options;
    const worker = early?.take() ?? startThread(workerUrl);
    const thread = { worker, waiting: 0 };
    worker.on('message', (done: BatchDone) => {
      this.#finish(done.id);
    });
    worker.on('error', (error) => {
      this.#fail(`a compression thread failed: ${error.message.replaceAll(/\s+/g, ' ')}`);
    });
    worker.on('exit', (code) => {
      this.#fail(`a compression thread ended early with code ${String(code)}`);
    });
    worker.unref();
    worker.postMessage(this.#task);
    this.#threads.push(thread);
  }

  /** Copies the blocks into free shared memory. */
  #claim(blocks: readonly Uint8Array[]): SharedBatch {
    const bytes = blocks.reduce((sum, block) => sum + block.length, 0);
    const reusable = this.#free.findIndex(
      ({ input, lengths }) => input.byteLength >= bytes && lengths.byteLength >= 4 * blocks.length,
    );
    const [shared = allocate(bytes, blocks.length)] =
      reusable < 0 ? [] : this.#free.splice(reusable, 1);
    const input = new Uint8Array(shared.input);
    const lengths = new Uint32Array(shared.lengths);
    let at = 0;
    blocks.forEach((block, i) => {
      input.set(block, at);
      lengths[i] = block.length;
      at += block.length;
    });
    return shared;
  }

  #finish(id: number): void {
    const batch = this.#batches.get(id);
    if (batch === undefined) return;
    this.#batches.delete(id);
    const { thread, shared } = batch;
    thread.waiting -= 1;
    if (thread.waiting === 0) thread.worker.unref();
    const lengths = new Uint32Array(shared.lengths, 0, batch.blocks);
    const stored = new Uint8Array(shared.output).slice(
      0,
      lengths.reduce((sum, length) => sum + length, 0),
    );
    let at = 0;
    const result: CompressedBlock[] = [];
    for (const length of lengths) {
      result.push(length === 0 ? undefined : stored.subarray(at, at + length));
      at += length;
    }
    this.#free.push(shared);
    batch.resolve(result);
  }

  /** The first failure is the one reported; later ones, such as the exit of the others, follow from it. */
  #fail(why: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = new AxfsError('EIO', why);
    for (const { reject } of this.#batches.values()) reject(this.#failure);
    this.#batches.clear();
    for (const { worker } of this.#threads) worker.unref();
  }
}

function allocate(bytes: number, blocks: number): SharedBatch {
  const room = Math.max(1, Math.ceil(bytes / GRAIN)) * GRAIN;
  return {
    input: new SharedArrayBuffer(room),
    output: new SharedArrayBuffer(room),
    lengths: new SharedArrayBuffer(4 * Math.max(256, blocks)),
  };
}
