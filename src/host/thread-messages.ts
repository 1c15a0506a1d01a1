/**
 * What a pool and its threads say to each other: to a thread its task, then batch after batch; from it that a
 * batch is done.
 *
 * @module
 */
import type { CodecModules, CodecName } from '../codec/codecs.ts';

/** To a worker, once and first: what it is for. */
export interface ThreadTask {
  readonly codec: CodecName;
  readonly modules: CodecModules;
}

/** Memory that one batch occupies at a time. */
export interface SharedBatch {
  /** Blocks, back to back. */
  readonly input: SharedArrayBuffer;
  /** Stored bytes, back to back; as large as `input`, for only smaller results are kept. */
  readonly output: SharedArrayBuffer;
  /** Uint32 a block: its length; after the work its stored length, 0 = not smaller. */
  readonly lengths: SharedArrayBuffer;
}

/** To a worker: deflate this. */
export interface BatchReady {
  readonly id: number;
  readonly blocks: number;
  readonly shared: SharedBatch;
}

/** From a worker: done. */
export interface BatchDone {
  readonly id: number;
}
