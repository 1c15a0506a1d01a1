/**
 * Compresses the blocks of an image. The builder hands over batches and keeps several in flight; whether
 * they are compressed here or by worker threads (src/host/worker-pool.ts) cannot be seen in the bytes,
 * because every block is a stream of its own and results come back in order.
 *
 * @module
 */
import type { Deflater } from './zlib.ts';

/** What a block becomes: its stored bytes, or `undefined` when they would not be smaller than the block. */
export type CompressedBlock = Uint8Array | undefined;

/** Compresses batches of blocks. */
export interface PageCompressor {
  /** Batches in flight that keep it fully busy, at least 1. */
  readonly parallelism: number;
  /**
   * Compresses each block to a stream of its own. `blocks` may be reused as soon as the call returns. Batches of
   * about 256 KiB make the cost of handing them over vanish.
   */
  compress(blocks: readonly Uint8Array[]): Promise<readonly CompressedBlock[]>;
  /** Ends it and lets go of its threads. Batches still in flight fail. */
  close(): Promise<void>;
}

/** A block's stream, if it is smaller than the block (format description, section 6.3). */
export function deflateIfSmaller(deflater: Deflater, block: Uint8Array): CompressedBlock {
  const stored = deflater.deflate(block);
  return stored.length < block.length ? stored : undefined;
}

/** Compresses in the calling thread: for small images, and where there are no threads. */
export function createInlineCompressor(deflater: Deflater): PageCompressor {
  return {
    parallelism: 1,
    compress: (blocks) => Promise.resolve(blocks.map((block) => deflateIfSmaller(deflater, block))),
    close: () => Promise.resolve(),
  };
}
