/**
 * A compressor that remembers: images of one tree differ in their XIP pages only, so that most blocks come
 * again and again. Blocks are told apart by all their bytes.
 *
 * @module
 */
import { bytesEqual } from '../base/bytes.ts';
import type { CompressedBlock, PageCompressor } from '../codec/compressor.ts';
import { fingerprint } from '../codec/page-hash.ts';

/** Bytes of blocks that are remembered at most; what comes later is compressed each time. */
const REMEMBERED_MAX = 256 * 1024 * 1024;

interface Remembered {
  readonly block: Uint8Array;
  readonly stored: CompressedBlock;
}

/** Remembers what `compressor` made of blocks of up to `blockMax` bytes. */
export function remembering(compressor: PageCompressor, blockMax: number): PageCompressor {
  const known = new Map<string, Remembered>();
  let bytes = 0;
  const print = { low: 0, high: 0 };
  const keyOf = (block: Uint8Array): string => {
    fingerprint(block, print);
    return `${String(print.low)}:${String(print.high)}`;
  };
  return {
    parallelism: compressor.parallelism,
    async compress(blocks) {
      const found = blocks.map((block) => {
        const key = keyOf(block);
        const before = known.get(key);
        return before !== undefined && bytesEqual(before.block, block)
          ? { before }
          : { key, copy: block.slice() };
      });
      const fresh = found.flatMap(({ copy }) => (copy === undefined ? [] : [copy]));
      const made = fresh.length === 0 ? [] : await compressor.compress(fresh);
      let next = 0;
      return found.map(({ before, key, copy }) => {
        if (before !== undefined) return before.stored;
        const stored = made[next];
        next += 1;
        if (copy.length <= blockMax && bytes + copy.length <= REMEMBERED_MAX && !known.has(key)) {
          bytes += copy.length;
          known.set(key, { block: copy, stored });
        }
        return stored;
      });
    },
    close: () => compressor.close(),
  };
}
