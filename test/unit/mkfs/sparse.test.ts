import { expect, it } from 'vitest';
import type { PageCompressor } from '../../../src/codec/compressor.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import { IMPROVED_FEATURES } from '../../../src/mkfs/features.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';

const PIECE = new Uint8Array(1024 * 1024);

/** Counts, and makes one byte of each block. */
function counting(): PageCompressor & { readonly blocks: number; readonly most: number } {
  const counts = { blocks: 0, most: 0, inFlight: 0 };
  return {
    parallelism: 4,
    get blocks() {
      return counts.blocks;
    },
    get most() {
      return counts.most;
    },
    compress: async (blocks) => {
      counts.blocks += blocks.length;
      counts.inFlight += blocks.reduce((sum, { length }) => sum + length, 0);
      counts.most = Math.max(counts.most, counts.inFlight);
      await Promise.resolve();
      counts.inFlight = 0;
      return blocks.map(() => Uint8Array.of(1));
    },
    close: () => Promise.resolve(),
  };
}

/** A file of zeros, made a megabyte at a time. */
const sparse = (
  size: number,
): { content: { size: number; read: () => Generator<Uint8Array> } } => ({
  content: {
    size,
    *read() {
      for (let at = 0; at < size; at += PIECE.length)
        yield PIECE.subarray(0, Math.min(PIECE.length, size - at));
    },
  },
});

// AXFS_SLOW_TESTS makes it the 5 GiB that no 32-bit size holds.
const SIZE = process.env['AXFS_SLOW_TESTS'] === undefined ? 2 ** 28 + 5 : 5 * 2 ** 30 + 5;

it('a sparse file costs one page, whatever its size', { timeout: 600_000 }, async () => {
  const compressor = counting();
  const { report, size } = await buildImage(treeFrom({ huge: sparse(SIZE) }), {
    compressor,
    features: IMPROVED_FEATURES,
  });
  const pages = Math.ceil(SIZE / 4096);
  expect(report.fileBytes).toBe(SIZE);
  expect(compressor.blocks).toBe(2);
  expect(report.nodes.compressed).toBe(pages);
  expect(report.shared.nodes).toBe(pages - 2);
  expect(size).toBeLessThan(pages * 2 + 16384);
});

it('pages on their way are bounded, whatever the size of a file', async () => {
  const compressor = counting();
  const size = 2 ** 26;
  await buildImage(treeFrom({ huge: sparse(size) }), { compressor, features: { dedupe: false } });
  expect(compressor.blocks).toBe(size / 4096);
  expect(compressor.most).toBeLessThanOrEqual(5 * 64 * 4096);
});
